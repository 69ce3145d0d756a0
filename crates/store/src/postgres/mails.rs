use tokenry_domain::id::{MailId, TokenId, UserId};
use tokenry_domain::mail::{Language, Letter, Mail, MailQueue};
use tokenry_domain::session::Client;
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::values;

pub(super) async fn due(pool: &Pool, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Fault> {
    pool.read(DUE, values![now, limit]).await?.iter().map(from_row).collect()
}

pub(super) async fn queue(pool: &Pool) -> Result<MailQueue, Fault> {
    let rows = pool.read(QUEUE, values![]).await?;
    let Some(row) = rows.first() else { return Ok(MailQueue::default()) };
    let length: i64 = column::to(row, 0, "count of mails")?;
    let since = column::to::<Option<i64>>(row, 1, "mails.created_at")?.map(Timestamp::from_millis);
    Ok(MailQueue { length: length.unsigned_abs(), since })
}

pub(super) fn insert(mail: &Mail) -> Step {
    Step::new(
        INSERT,
        values![
            mail.id,
            mail.letter.name(),
            mail.language.name(),
            mail.to.display(),
            mail.to.key(),
            mail.user,
            mail.token,
            column::address(mail.client.address),
            mail.client.device.as_deref(),
            mail.created_at,
            mail.due_at,
            mail.attempts,
            column::word(mail.version),
        ],
    )
}

pub(super) fn update(mail: &Mail) -> Step {
    let version = column::word(mail.version);
    Step::new(UPDATE, values![mail.id, mail.due_at, mail.attempts, column::next(mail.version), version])
}

pub(super) fn remove(id: MailId, version: u64) -> Step {
    Step::new(REMOVE, values![id, column::word(version)])
}

fn from_row(row: &Row) -> Result<Mail, Fault> {
    Ok(Mail {
        id: MailId::from_bytes(column::to_uuid(row, 0, "mails.id")?),
        letter: column::to_name(row, 1, Letter::from_name, "mails.letter")?,
        language: column::to_name(row, 2, Language::from_name, "mails.language")?,
        to: column::to_email(row, 3, "mails.email")?,
        user: UserId::from_bytes(column::to_uuid(row, 5, "mails.user_id")?),
        token: TokenId::from_bytes(column::to_uuid(row, 6, "mails.token_id")?),
        client: Client {
            address: column::to_address(row, 7, "mails.address")?,
            device: column::to(row, 8, "mails.device")?,
        },
        created_at: column::to_time(row, 9, "mails.created_at")?,
        due_at: column::to_time(row, 10, "mails.due_at")?,
        attempts: column::to_ordinal(row, 11, "mails.attempts")?.ok_or(Fault::Bad("mails.attempts"))?,
        version: column::to_word(row, 12, "mails.version")?,
    })
}

pub(super) const DUE: &str = "\
    SELECT id, letter, language, email, email_key, user_id, token_id, address, device, created_at, due_at, attempts, \
        version \
    FROM mails WHERE due_at <= $1 ORDER BY due_at LIMIT $2::bigint";

pub(super) const QUEUE: &str = "SELECT count(*), min(created_at) FROM mails";

pub(super) const INSERT: &str = "\
    INSERT INTO mails (id, letter, language, email, email_key, user_id, token_id, address, device, created_at, due_at, \
        attempts, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

pub(super) const UPDATE: &str =
    must!("UPDATE mails SET due_at = $2, attempts = $3, version = $4 WHERE id = $1 AND version = $5");

pub(super) const REMOVE: &str = must!("DELETE FROM mails WHERE id = $1 AND version = $2");
