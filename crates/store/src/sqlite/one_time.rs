use rusqlite::{Connection, Row, params};
use tokenry_domain::id::{TokenId, UserId};
use tokenry_domain::name::Email;
use tokenry_domain::one_time::{OneTimeToken, Purpose};
use tokenry_domain::time::Timestamp;

use super::column;
use super::error::Fault;
use super::users::changed;

pub(super) fn by_id(connection: &Connection, id: TokenId) -> Result<Option<OneTimeToken>, Fault> {
    let mut statement = connection.prepare_cached(BY_ID)?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(from_row).transpose()
}

pub(super) fn issue(connection: &Connection, token: &OneTimeToken) -> Result<(), Fault> {
    connection.prepare_cached(ISSUE)?.execute(params![
        token.id.as_bytes(),
        token.user.as_bytes(),
        token.purpose.name(),
        token.email.display(),
        token.email.key(),
        token.state,
        token.created_at.millis(),
        token.expires_at.millis(),
    ])?;
    Ok(())
}

pub(super) fn spend(connection: &Connection, id: TokenId) -> Result<(), Fault> {
    changed(connection.prepare_cached(SPEND)?.execute([id.as_bytes()])?)
}

pub(super) fn void(connection: &Connection, user: UserId, not_me_since: Option<Timestamp>) -> Result<(), Fault> {
    connection.prepare_cached(VOID)?.execute(params![user.as_bytes(), column::millis(not_me_since)])?;
    Ok(())
}

fn from_row(row: &Row) -> Result<OneTimeToken, Fault> {
    Ok(OneTimeToken {
        id: TokenId::from_bytes(row.get(0)?),
        user: UserId::from_bytes(row.get(1)?),
        purpose: column::to_name(row, 2, Purpose::from_name, "one_time_tokens.purpose")?,
        email: Email::restore(row.get(3)?, row.get(4)?),
        state: row.get(5)?,
        created_at: column::to_time(row, 6)?,
        expires_at: column::to_time(row, 7)?,
    })
}

pub(super) const BY_ID: &str = "\
    SELECT id, user_id, purpose, email, email_key, state, created_at, expires_at FROM one_time_tokens WHERE id = ?1";

pub(super) const ISSUE: &str = "\
    INSERT INTO one_time_tokens (id, user_id, purpose, email, email_key, state, created_at, expires_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (user_id, purpose) WHERE purpose <> 'not_me' DO UPDATE SET id = excluded.id, email = excluded.email, \
        email_key = excluded.email_key, state = excluded.state, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";

pub(super) const SPEND: &str = "DELETE FROM one_time_tokens WHERE id = ?1";

pub(super) const VOID: &str =
    "DELETE FROM one_time_tokens WHERE user_id = ?1 AND (purpose <> 'not_me' OR created_at >= ?2)";
