use rusqlite::{Connection, OptionalExtension, Row, params};
use tokenry_domain::revocation::{FeedDigest, Revocation, RevocationKind, RevocationRecord};
use tokenry_domain::time::Timestamp;

use super::column;
use super::error::Fault;

pub(super) fn append(connection: &Connection, revocation: &Revocation) -> Result<(), Fault> {
    let tag: i64 = connection.prepare_cached(TAG)?.query_row([], |row| row.get(0))?;
    let newest = connection.prepare_cached(NEWEST)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (newest, digest) = newest.unwrap_or((0_i64, *FeedDigest::START.as_bytes()));
    let (seq, digest) = (newest + 1, FeedDigest::from_bytes(digest));
    let record = RevocationRecord::following(digest, seq.cast_unsigned(), tag.cast_unsigned(), revocation.clone());
    connection.prepare_cached(INSERT)?.execute(params![
        seq,
        tag,
        revocation.kind.name(),
        revocation.value,
        column::millis(revocation.before),
        revocation.until.millis(),
        record.digest.as_bytes(),
    ])?;
    Ok(())
}

pub(super) fn after(connection: &Connection, seq: u64, limit: u32) -> Result<Vec<RevocationRecord>, Fault> {
    let mut statement = connection.prepare_cached(AFTER)?;
    statement.query_and_then(params![column::count(seq), limit], from_row)?.collect()
}

/// Removes the oldest, up to the newest of those that are over: the digest of the next one builds on it.
pub(super) fn sweep(connection: &Connection, now: Timestamp, limit: u32) -> Result<usize, Fault> {
    let mut statement = connection.prepare_cached(OLDEST)?;
    let mut over = None;
    let mut rows = statement.query([i64::from(limit) + 1])?;
    while let Some(row) = rows.next()? {
        if column::to_time(row, 1)? > now {
            break;
        }
        over = Some(row.get::<_, i64>(0)?);
    }
    match over {
        Some(seq) => Ok(connection.prepare_cached(DELETE)?.execute([seq])?),
        None => Ok(0),
    }
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
        digest: FeedDigest::from_bytes(row.get(6)?),
    })
}

pub(super) const TAG: &str = "SELECT random()";
pub(super) const NEWEST: &str = "SELECT seq, digest FROM revocations WHERE seq > 0 ORDER BY seq DESC LIMIT 1";

pub(super) const INSERT: &str = "\
    INSERT INTO revocations (seq, tag, kind, value, before, until, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) const AFTER: &str =
    "SELECT seq, tag, kind, value, before, until, digest FROM revocations WHERE seq > ?1 ORDER BY seq LIMIT ?2";

pub(super) const OLDEST: &str = "SELECT seq, until FROM revocations WHERE seq > 0 ORDER BY seq LIMIT ?1";
pub(super) const DELETE: &str = "DELETE FROM revocations WHERE seq < ?1";
