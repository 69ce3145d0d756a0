use tokenry_domain::pending::{Pending, PendingId};

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::values;

pub(super) async fn by_id(pool: &Pool, id: PendingId) -> Result<Option<Pending>, Fault> {
    let rows = pool.read(BY_ID, values![&id.as_bytes()[..]]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let what = column::to_json(row, 0, "pending.data")?;
    Ok(Some(Pending { id, what, expires_at: column::to_time(row, 1, "pending.expires_at")? }))
}

pub(super) fn insert(pending: &Pending) -> Result<Step, Fault> {
    let data = column::json(&pending.what, "pending.data")?;
    Ok(Step::new(INSERT, values![&pending.id.as_bytes()[..], data, pending.expires_at]))
}

pub(super) fn spend(id: PendingId) -> Step {
    Step::new(SPEND, values![&id.as_bytes()[..]])
}

pub(super) fn void() -> Step {
    Step::new(VOID, Vec::new())
}

pub(super) const BY_ID: &str = "SELECT data, expires_at FROM pending WHERE id = $1";
pub(super) const INSERT: &str = "INSERT INTO pending (id, data, expires_at) VALUES ($1, $2, $3)";
pub(super) const SPEND: &str = must!("DELETE FROM pending WHERE id = $1");
pub(super) const VOID: &str = "DELETE FROM pending";
