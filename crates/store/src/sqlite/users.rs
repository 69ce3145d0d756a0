use rusqlite::{Connection, Params, Row, params};
use tokenry_domain::account::{Status, User};
use tokenry_domain::id::UserId;
use tokenry_domain::name::{Email, Username};
use tokenry_domain::password::PasswordHash;
use tokenry_domain::store::{Conflict, UserPage};

use super::column;
use super::error::Fault;

pub(super) fn by_id(connection: &Connection, id: UserId) -> Result<Option<User>, Fault> {
    one(connection, BY_ID, [id.as_bytes()])
}

pub(super) fn by_username(connection: &Connection, key: &str) -> Result<Option<User>, Fault> {
    one(connection, BY_USERNAME, [key])
}

pub(super) fn by_email(connection: &Connection, key: &str) -> Result<Option<User>, Fault> {
    one(connection, BY_EMAIL, [key])
}

pub(super) fn page(connection: &Connection, page: &UserPage) -> Result<Vec<User>, Fault> {
    let after = page.after.as_ref().map_or(&[][..], |id| id.as_bytes());
    let mut statement = connection.prepare_cached(PAGE)?;
    statement.query_and_then(params![after, page.contains, page.limit], |row| from_row(row, 0))?.collect()
}

pub(super) fn insert(connection: &Connection, user: &User) -> Result<(), Fault> {
    write(connection, INSERT, user, column::word(user.version))?;
    Ok(())
}

pub(super) fn update(connection: &Connection, user: &User) -> Result<(), Fault> {
    changed(write(connection, UPDATE, user, column::next(user.version))?)
}

pub(super) fn expect(connection: &Connection, id: UserId, version: u64) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(EXPECT)?;
    changed(usize::from(statement.exists(params![id.as_bytes(), column::word(version)])?))
}

pub(super) fn delete(connection: &Connection, id: UserId, version: u64) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(DELETE)?;
    changed(statement.execute(params![id.as_bytes(), column::word(version)])?)
}

/// The user whose columns begin at `at`.
pub(super) fn from_row(row: &Row, at: usize) -> Result<User, Fault> {
    let named = |display: usize, key: usize| -> Result<Option<(String, String)>, Fault> {
        Ok(row.get::<_, Option<String>>(at + display)?.zip(row.get(at + key)?))
    };
    let password = row.get_ref(at + 6)?.as_str_or_null().map_err(|_| Fault::Bad("users.password"))?;
    Ok(User {
        id: UserId::from_bytes(row.get(at)?),
        username: named(1, 2)?.map(|(display, key)| Username::restore(display, key)),
        email: named(3, 4)?.map(|(display, key)| Email::restore(display, key)),
        email_verified: row.get(at + 5)?,
        password: password.map(PasswordHash::parse).transpose().map_err(|_| Fault::Bad("users.password"))?,
        roles: column::to_json(row, at + 7, "users.roles")?,
        attributes: column::to_json(row, at + 8, "users.attributes")?,
        status: column::to_name(row, at + 9, status, "users.status")?,
        created_at: column::to_time(row, at + 10)?,
        updated_at: column::to_time(row, at + 11)?,
        version: column::to_word(row, at + 12)?,
    })
}

/// All columns of a user, in the order of [`from_row`].
macro_rules! columns {
    () => {
        "users.id, users.username, users.username_key, users.email, users.email_key, users.email_verified, \
         users.password, users.roles, users.attributes, users.status, users.created_at, users.updated_at, users.version"
    };
}
pub(super) use columns;

/// [`Conflict::Changed`] unless there was a row.
pub(super) fn changed(rows: usize) -> Result<(), Fault> {
    if rows == 0 { Err(Fault::Refused(Conflict::Changed)) } else { Ok(()) }
}

fn one(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Option<User>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(|row| from_row(row, 0)).transpose()
}

fn write(connection: &Connection, sql: &str, user: &User, version: i64) -> Result<usize, Fault> {
    let roles = column::json(&user.roles, "users.roles")?;
    let attributes = column::json(&user.attributes, "users.attributes")?;
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![
        user.id.as_bytes(),
        user.username.as_ref().map(Username::display),
        user.username.as_ref().map(Username::key),
        user.email.as_ref().map(Email::display),
        user.email.as_ref().map(Email::key),
        user.email_verified,
        user.password.as_ref().map(PasswordHash::encoded),
        roles,
        attributes,
        status_name(user.status),
        user.created_at.millis(),
        user.updated_at.millis(),
        version,
        column::word(user.version),
    ];
    let count = statement.parameter_count();
    Ok(statement.execute(&parameters[..count])?)
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Disabled => "disabled",
    }
}

fn status(name: &str) -> Option<Status> {
    [Status::Active, Status::Disabled].into_iter().find(|status| status_name(*status) == name)
}

pub(super) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = ?1");
pub(super) const BY_USERNAME: &str = concat!("SELECT ", columns!(), " FROM users WHERE username_key = ?1");
pub(super) const BY_EMAIL: &str = concat!("SELECT ", columns!(), " FROM users WHERE email_key = ?1");

pub(super) const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE id > ?1 AND (?2 IS NULL OR instr(username_key, ?2) > 0 OR instr(email_key, ?2) > 0) \
     ORDER BY id LIMIT ?3"
);

pub(super) const INSERT: &str = "\
    INSERT INTO users (id, username, username_key, email, email_key, email_verified, password, roles, attributes, \
        status, created_at, updated_at, version) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

pub(super) const UPDATE: &str = "\
    UPDATE users SET username = ?2, username_key = ?3, email = ?4, email_key = ?5, email_verified = ?6, \
        password = ?7, roles = ?8, attributes = ?9, status = ?10, created_at = ?11, updated_at = ?12, version = ?13 \
    WHERE id = ?1 AND version = ?14";

pub(super) const EXPECT: &str = "SELECT 1 FROM users WHERE id = ?1 AND version = ?2";
pub(super) const DELETE: &str = "DELETE FROM users WHERE id = ?1 AND version = ?2";
