use rusqlite::{Connection, Row, params};
use tokenry_domain::id::{IdentityId, UserId};
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::time::Timestamp;

use super::column;
use super::error::Fault;
use super::users::changed;

pub(super) fn by_person(connection: &Connection, person: &Person) -> Result<Option<Identity>, Fault> {
    let mut statement = connection.prepare_cached(BY_PERSON)?;
    let mut rows = statement.query(params![person.issuer, person.subject])?;
    rows.next()?.map(from_row).transpose()
}

pub(super) fn of(connection: &Connection, user: UserId) -> Result<Vec<Identity>, Fault> {
    connection.prepare_cached(OF_USER)?.query_and_then([user.as_bytes()], from_row)?.collect()
}

pub(super) fn insert(connection: &Connection, identity: &Identity) -> Result<(), Fault> {
    connection.prepare_cached(INSERT)?.execute(params![
        identity.id.as_bytes(),
        identity.person.issuer,
        identity.person.subject,
        identity.provider,
        identity.user.as_bytes(),
        identity.label,
        identity.created_at.millis(),
    ])?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, id: IdentityId, user: UserId) -> Result<(), Fault> {
    changed(connection.prepare_cached(REMOVE)?.execute(params![id.as_bytes(), user.as_bytes()])?)
}

pub(super) fn remove_all(
    connection: &Connection,
    user: UserId,
    since: Timestamp,
    kept: Option<IdentityId>,
) -> Result<(), Fault> {
    let kept = kept.as_ref().map(IdentityId::as_bytes);
    connection.prepare_cached(REMOVE_ALL)?.execute(params![user.as_bytes(), since.millis(), kept])?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Identity, Fault> {
    Ok(Identity {
        id: IdentityId::from_bytes(row.get(0)?),
        person: Person { issuer: row.get(1)?, subject: row.get(2)? },
        provider: row.get(3)?,
        user: UserId::from_bytes(row.get(4)?),
        label: row.get(5)?,
        created_at: column::to_time(row, 6)?,
    })
}

pub(super) const BY_PERSON: &str = "\
    SELECT id, issuer, subject, provider, user_id, label, created_at FROM identities WHERE issuer = ?1 AND subject = ?2";

pub(super) const OF_USER: &str = "\
    SELECT id, issuer, subject, provider, user_id, label, created_at FROM identities WHERE user_id = ?1 \
    ORDER BY created_at, id";

pub(super) const INSERT: &str = "\
    INSERT INTO identities (id, issuer, subject, provider, user_id, label, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) const REMOVE: &str = "DELETE FROM identities WHERE id = ?1 AND user_id = ?2";

pub(super) const REMOVE_ALL: &str = "DELETE FROM identities WHERE user_id = ?1 AND created_at >= ?2 AND id IS NOT ?3";
