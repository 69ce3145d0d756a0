use tokenry_domain::id::{TokenId, UserId};
use tokenry_domain::one_time::{OneTimeToken, Purpose};
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::values;

pub(super) async fn by_id(pool: &Pool, id: TokenId) -> Result<Option<OneTimeToken>, Fault> {
    pool.read(BY_ID, values![id]).await?.first().map(from_row).transpose()
}

pub(super) fn issue(token: &OneTimeToken) -> Step {
    Step::new(
        ISSUE,
        values![
            token.id,
            token.user,
            token.purpose.name(),
            token.email.display(),
            token.email.key(),
            &token.state[..],
            token.created_at,
            token.expires_at,
        ],
    )
}

pub(super) fn spend(id: TokenId) -> Step {
    Step::new(SPEND, values![id])
}

pub(super) fn void(user: UserId, not_me_since: Option<Timestamp>) -> Step {
    Step::new(VOID, values![user, not_me_since])
}

fn from_row(row: &Row) -> Result<OneTimeToken, Fault> {
    Ok(OneTimeToken {
        id: TokenId::from_bytes(column::to_uuid(row, 0, "one_time_tokens.id")?),
        user: UserId::from_bytes(column::to_uuid(row, 1, "one_time_tokens.user_id")?),
        purpose: column::to_name(row, 2, Purpose::from_name, "one_time_tokens.purpose")?,
        email: column::to_email(row, 3, "one_time_tokens.email")?,
        state: column::to_key(row, 5, "one_time_tokens.state")?.ok_or(Fault::Bad("one_time_tokens.state"))?,
        created_at: column::to_time(row, 6, "one_time_tokens.created_at")?,
        expires_at: column::to_time(row, 7, "one_time_tokens.expires_at")?,
    })
}

pub(super) const BY_ID: &str = "\
    SELECT id, user_id, purpose, email, email_key, state, created_at, expires_at FROM one_time_tokens WHERE id = $1";

pub(super) const ISSUE: &str = "\
    INSERT INTO one_time_tokens (id, user_id, purpose, email, email_key, state, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (user_id, purpose) WHERE purpose <> 'not_me' DO UPDATE SET id = excluded.id, email = excluded.email, \
        email_key = excluded.email_key, state = excluded.state, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";

pub(super) const SPEND: &str = must!("DELETE FROM one_time_tokens WHERE id = $1");

pub(super) const VOID: &str =
    "DELETE FROM one_time_tokens WHERE user_id = $1 AND (purpose <> 'not_me' OR created_at >= $2::bigint)";
