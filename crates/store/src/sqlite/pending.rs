use rusqlite::{Connection, params};
use tokenry_domain::pending::{Pending, PendingId};

use super::column;
use super::error::Fault;
use super::users::changed;

pub(super) fn by_id(connection: &Connection, id: PendingId) -> Result<Option<Pending>, Fault> {
    let mut statement = connection.prepare_cached(BY_ID)?;
    let mut rows = statement.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let what = column::to_json(row, 0, "pending.data")?;
    Ok(Some(Pending { id, what, expires_at: column::to_time(row, 1)? }))
}

pub(super) fn insert(connection: &Connection, pending: &Pending) -> Result<(), Fault> {
    let data = column::json(&pending.what, "pending.data")?;
    connection.prepare_cached(INSERT)?.execute(params![pending.id.as_bytes(), data, pending.expires_at.millis()])?;
    Ok(())
}

pub(super) fn spend(connection: &Connection, id: PendingId) -> Result<(), Fault> {
    changed(connection.prepare_cached(SPEND)?.execute([id.as_bytes()])?)
}

pub(super) fn void(connection: &Connection) -> Result<(), Fault> {
    connection.prepare_cached(VOID)?.execute([])?;
    Ok(())
}

pub(super) const BY_ID: &str = "SELECT data, expires_at FROM pending WHERE id = ?1";
pub(super) const INSERT: &str = "INSERT INTO pending (id, data, expires_at) VALUES (?1, ?2, ?3)";
pub(super) const SPEND: &str = "DELETE FROM pending WHERE id = ?1";
pub(super) const VOID: &str = "DELETE FROM pending";
