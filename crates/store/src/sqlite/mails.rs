use rusqlite::{Connection, Row, params};
use tokenry_domain::id::{MailId, TokenId, UserId};
use tokenry_domain::mail::{Language, Letter, Mail, MailQueue};
use tokenry_domain::name::Email;
use tokenry_domain::session::Client;
use tokenry_domain::time::Timestamp;

use super::column;
use super::error::Fault;
use super::users::changed;

pub(super) fn due(connection: &Connection, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Fault> {
    connection.prepare_cached(DUE)?.query_and_then(params![now.millis(), limit], from_row)?.collect()
}

pub(super) fn queue(connection: &Connection) -> Result<MailQueue, Fault> {
    connection
        .prepare_cached(QUEUE)?
        .query_and_then([], |row| {
            let length: i64 = row.get(0)?;
            let since = row.get::<_, Option<i64>>(1)?.map(Timestamp::from_millis);
            Ok(MailQueue { length: length.unsigned_abs(), since })
        })?
        .next()
        .unwrap_or_else(|| Ok(MailQueue::default()))
}

pub(super) fn insert(connection: &Connection, mail: &Mail) -> Result<(), Fault> {
    connection.prepare_cached(INSERT)?.execute(params![
        mail.id.as_bytes(),
        mail.letter.name(),
        mail.language.name(),
        mail.to.display(),
        mail.to.key(),
        mail.user.as_bytes(),
        mail.token.as_bytes(),
        column::address(mail.client.address),
        mail.client.device,
        mail.created_at.millis(),
        mail.due_at.millis(),
        mail.attempts,
        column::word(mail.version),
    ])?;
    Ok(())
}

pub(super) fn update(connection: &Connection, mail: &Mail) -> Result<(), Fault> {
    let next = column::next(mail.version);
    let parameters = params![mail.id.as_bytes(), mail.due_at.millis(), mail.attempts, next, column::word(mail.version)];
    changed(connection.prepare_cached(UPDATE)?.execute(parameters)?)
}

pub(super) fn remove(connection: &Connection, id: MailId, version: u64) -> Result<(), Fault> {
    changed(connection.prepare_cached(REMOVE)?.execute(params![id.as_bytes(), column::word(version)])?)
}

fn from_row(row: &Row) -> Result<Mail, Fault> {
    Ok(Mail {
        id: MailId::from_bytes(row.get(0)?),
        letter: column::to_name(row, 1, Letter::from_name, "mails.letter")?,
        language: column::to_name(row, 2, Language::from_name, "mails.language")?,
        to: Email::restore(row.get(3)?, row.get(4)?),
        user: UserId::from_bytes(row.get(5)?),
        token: TokenId::from_bytes(row.get(6)?),
        client: Client { address: column::to_address(row, 7, "mails.address")?, device: row.get(8)? },
        created_at: column::to_time(row, 9)?,
        due_at: column::to_time(row, 10)?,
        attempts: row.get(11)?,
        version: column::to_word(row, 12)?,
    })
}

pub(super) const DUE: &str = "\
    SELECT id, letter, language, email, email_key, user_id, token_id, address, device, created_at, due_at, attempts, \
        version \
    FROM mails WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";

pub(super) const QUEUE: &str = "SELECT count(*), min(created_at) FROM mails";

pub(super) const INSERT: &str = "\
    INSERT INTO mails (id, letter, language, email, email_key, user_id, token_id, address, device, created_at, due_at, \
        attempts, version) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

pub(super) const UPDATE: &str =
    "UPDATE mails SET due_at = ?2, attempts = ?3, version = ?4 WHERE id = ?1 AND version = ?5";

pub(super) const REMOVE: &str = "DELETE FROM mails WHERE id = ?1 AND version = ?2";
