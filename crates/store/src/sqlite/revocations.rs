use rusqlite::{Connection, Row, params};
use tokenry_domain::revocation::{Revocation, RevocationKind, RevocationRecord};

use super::column;
use super::error::Fault;

pub(super) fn append(connection: &Connection, revocation: &Revocation) -> Result<(), Fault> {
    connection.prepare_cached(INSERT)?.execute(params![
        revocation.kind.name(),
        revocation.value,
        column::millis(revocation.before),
        revocation.until.millis(),
    ])?;
    Ok(())
}

pub(super) fn after(connection: &Connection, seq: u64, limit: u32) -> Result<Vec<RevocationRecord>, Fault> {
    let mut statement = connection.prepare_cached(AFTER)?;
    statement.query_and_then(params![column::count(seq), limit], from_row)?.collect()
}

fn from_row(row: &Row) -> Result<RevocationRecord, Fault> {
    Ok(RevocationRecord {
        seq: column::to_word(row, 0)?,
        tag: column::to_word(row, 1)?,
        revocation: Revocation {
            kind: column::to_name(row, 2, RevocationKind::from_name, "revocations.kind")?,
            value: row.get(3)?,
            before: column::to_time_if(row, 4)?,
            until: column::to_time(row, 5)?,
        },
    })
}

pub(super) const INSERT: &str =
    "INSERT INTO revocations (tag, kind, value, before, until) VALUES (random(), ?1, ?2, ?3, ?4)";

pub(super) const AFTER: &str =
    "SELECT seq, tag, kind, value, before, until FROM revocations WHERE seq > ?1 ORDER BY seq LIMIT ?2";
