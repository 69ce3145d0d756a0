use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokenry_domain::store::Horizon;
use tokenry_domain::time::Timestamp;

use super::error::Fault;
use super::revocations;
use super::work::Done;

/// One short step of removing what no one needs any more: all that waits to be written waits for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    pub(super) now: Timestamp,
    pub(super) before: Horizon,
    pub(super) limit: u32,
}

impl Sweep {
    pub(super) fn run(&self, connection: &Connection) -> Result<Done, Fault> {
        let started = Instant::now();
        let revocations = revocations::sweep(connection, self.now, self.limit)?;
        let revocations = self.done(revocations, revocations);
        let audit = connection.prepare_cached(AUDIT)?.execute(params![self.before.audit.millis(), self.limit])?;
        let audit = self.done(audit, audit);
        let one_time = connection.prepare_cached(ONE_TIME)?.execute(params![self.now.millis(), self.limit])?;
        let one_time = self.done(one_time, one_time);
        let pending = connection.prepare_cached(PENDING)?.execute(params![self.now.millis(), self.limit])?;
        let pending = self.done(pending, pending);
        let done = [revocations, audit, one_time, pending, self.sessions(connection, started)?];
        Ok(Done { rows: done.iter().map(|done| done.rows).sum(), more: done.iter().any(|done| done.more) })
    }

    /// A refresh does not say when its session is due anew, so as to write no index: it is said here.
    fn sessions(&self, connection: &Connection, started: Instant) -> Result<Done, Fault> {
        let before = self.before.sessions.millis();
        let due: Vec<(i64, i64)> = connection
            .prepare_cached(DUE)?
            .query_map(params![before, self.limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut gone = 0;
        for (seen, (row, due_at)) in due.iter().enumerate() {
            // Each row lies on pages of its own, which a slow disk may have to read first.
            if seen % LOOKED_AT == LOOKED_AT - 1 && started.elapsed() > MOST_TIME {
                return Ok(Done { rows: gone as u64, more: true });
            }
            if *due_at < before {
                gone += connection.prepare_cached(DELETE)?.execute([row])?;
            } else {
                connection.prepare_cached(POSTPONE)?.execute([row, due_at])?;
            }
        }
        Ok(self.done(gone, due.len()))
    }

    fn done(&self, rows: usize, seen: usize) -> Done {
        Done { rows: rows as u64, more: seen > 0 && seen >= self.limit as usize }
    }
}

/// After which a step ends, and the rest is for the next.
const MOST_TIME: Duration = Duration::from_millis(8);
/// So many rows between two looks at the clock.
const LOOKED_AT: usize = 25;

pub(super) const AUDIT: &str =
    "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)";

pub(super) const ONE_TIME: &str = "\
    DELETE FROM one_time_tokens WHERE id IN ( \
        SELECT id FROM one_time_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(super) const PENDING: &str = "\
    DELETE FROM pending WHERE id IN (SELECT id FROM pending WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(super) const DUE: &str = "\
    SELECT rowid, min(expires_at, coalesce(ends_at, expires_at), coalesce(ended_at, expires_at)) FROM sessions \
    WHERE due_at < ?1 ORDER BY due_at LIMIT ?2";

pub(super) const DELETE: &str = "DELETE FROM sessions WHERE rowid = ?1";
pub(super) const POSTPONE: &str = "UPDATE sessions SET due_at = ?2 WHERE rowid = ?1";
