use tokenry_domain::account::{Status, User};
use tokenry_domain::id::UserId;
use tokenry_domain::name::{Email, Username};
use tokenry_domain::password::PasswordHash;
use tokenry_domain::store::UserPage;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::{Value, values};

pub(super) async fn by_id(pool: &Pool, id: UserId) -> Result<Option<User>, Fault> {
    one(pool, BY_ID, values![id]).await
}

pub(super) async fn by_username(pool: &Pool, key: &str) -> Result<Option<User>, Fault> {
    one(pool, BY_USERNAME, values![key]).await
}

pub(super) async fn by_email(pool: &Pool, key: &str) -> Result<Option<User>, Fault> {
    one(pool, BY_EMAIL, values![key]).await
}

pub(super) async fn page(pool: &Pool, page: UserPage) -> Result<Vec<User>, Fault> {
    // PostgreSQL holds no text with this character, so no name has it.
    if page.contains.as_ref().is_some_and(|part| part.contains('\0')) {
        return Ok(Vec::new());
    }
    let rows = pool.read(PAGE, values![page.after, page.contains, page.limit]).await?;
    rows.iter().map(|row| from_row(row, 0)).collect()
}

pub(super) fn insert(user: &User) -> Result<Step, Fault> {
    Ok(Step::new(INSERT, all(user, column::word(user.version))?))
}

pub(super) fn update(user: &User) -> Result<Step, Fault> {
    let mut values = all(user, column::next(user.version))?;
    values.push(column::word(user.version).into());
    Ok(Step::new(UPDATE, values))
}

pub(super) fn expect(id: UserId, version: u64) -> Step {
    Step::new(EXPECT, values![id, column::word(version)])
}

pub(super) fn delete(id: UserId, version: u64) -> Step {
    Step::new(DELETE, values![id, column::word(version)])
}

/// The user whose columns begin at `at`.
pub(super) fn from_row(row: &Row, at: usize) -> Result<User, Fault> {
    let named = |display: usize, key: usize, column| -> Result<Option<(String, String)>, Fault> {
        let display: Option<String> = column::to(row, at + display, column)?;
        Ok(display.zip(column::to(row, at + key, column)?))
    };
    let password: Option<&str> = column::to(row, at + 6, "users.password")?;
    Ok(User {
        id: column::to_user_id(row, at, "users.id")?.ok_or(Fault::Bad("users.id"))?,
        username: named(1, 2, "users.username")?.map(|(display, key)| Username::restore(display, key)),
        email: named(3, 4, "users.email")?.map(|(display, key)| Email::restore(display, key)),
        email_verified: column::to(row, at + 5, "users.email_verified")?,
        password: password.map(PasswordHash::parse).transpose().map_err(|_| Fault::Bad("users.password"))?,
        roles: column::to_json(row, at + 7, "users.roles")?,
        attributes: column::to_json(row, at + 8, "users.attributes")?,
        status: column::to_name(row, at + 9, status, "users.status")?,
        created_at: column::to_time(row, at + 10, "users.created_at")?,
        updated_at: column::to_time(row, at + 11, "users.updated_at")?,
        version: column::to_word(row, at + 12, "users.version")?,
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

async fn one(pool: &Pool, sql: &'static str, values: Vec<Value>) -> Result<Option<User>, Fault> {
    pool.read(sql, values).await?.first().map(|row| from_row(row, 0)).transpose()
}

fn all(user: &User, version: i64) -> Result<Vec<Value>, Fault> {
    Ok(values![
        user.id,
        user.username.as_ref().map(Username::display),
        user.username.as_ref().map(Username::key),
        user.email.as_ref().map(Email::display),
        user.email.as_ref().map(Email::key),
        user.email_verified,
        user.password.as_ref().map(PasswordHash::encoded),
        column::json(&user.roles, "users.roles")?,
        column::json(&user.attributes, "users.attributes")?,
        status_name(user.status),
        user.created_at,
        user.updated_at,
        version,
    ])
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

pub(super) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
pub(super) const BY_USERNAME: &str = concat!("SELECT ", columns!(), " FROM users WHERE username_key = $1");
pub(super) const BY_EMAIL: &str = concat!("SELECT ", columns!(), " FROM users WHERE email_key = $1");

pub(super) const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE ($1::uuid IS NULL OR id > $1) \
     AND ($2::text IS NULL OR strpos(username_key, $2) > 0 OR strpos(email_key, $2) > 0) ORDER BY id LIMIT $3::bigint"
);

pub(super) const INSERT: &str = "\
    INSERT INTO users (id, username, username_key, email, email_key, email_verified, password, roles, attributes, \
        status, created_at, updated_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

pub(super) const UPDATE: &str = must!(
    "UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, email_verified = $6, \
        password = $7, roles = $8, attributes = $9, status = $10, created_at = $11, updated_at = $12, version = $13 \
     WHERE id = $1 AND version = $14"
);

/// Locks the row against changes, not against others who expect the same.
pub(super) const EXPECT: &str = "\
    WITH met AS (SELECT 1 FROM users WHERE id = $1 AND version = $2 FOR SHARE) SELECT 1 / count(*) FROM met";

pub(super) const DELETE: &str = must!("DELETE FROM users WHERE id = $1 AND version = $2");
