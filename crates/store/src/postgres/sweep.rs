use std::sync::atomic::{AtomicI64, Ordering};

use tokenry_domain::store::Horizon;
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::Step;
use super::value::values;

/// Removes what no one needs any more, in one short step.
///
/// A step that only found rows to look at later says nothing about the rows behind them: it is followed by another.
/// Several nodes may do this at once; each leaves the rows that another is at.
pub(super) async fn run(pool: &Pool, place: &Place, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, Fault> {
    loop {
        let step = |sql, until: Timestamp| Step::new(sql, values![until, limit]);
        let from = Timestamp::from_millis(place.0.load(Ordering::Relaxed));
        let sessions = Step::new(SESSIONS, values![before.sessions, limit, from]);
        let steps =
            vec![step(REVOCATIONS, now), step(AUDIT, before.audit), step(ONE_TIME, now), step(PENDING, now), sessions];
        let mut removed = 0;
        let mut is_more = false;
        let rows: Vec<Row> = pool.transact(steps).await?.into_iter().flatten().collect();
        for row in &rows {
            let (gone, seen) = counts(row)?;
            removed += gone;
            is_more |= seen > 0 && seen >= u64::from(limit);
        }
        let newest = rows.last().map_or(Ok(None), |row| place_of(row, limit))?;
        place.0.store(newest.unwrap_or(i64::MIN), Ordering::Relaxed);
        if removed > 0 || !is_more {
            return Ok(removed);
        }
    }
}

/// Where the next step begins: behind what the last one removed. The index holds the removed rows until a vacuum, and
/// each step would have to read past all of them. Whoever finds no more begins anew.
#[derive(Debug)]
pub(super) struct Place(AtomicI64);

impl Default for Place {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

/// When the last row that was looked at was due, if there may be others behind it.
fn place_of(row: &Row, limit: u32) -> Result<Option<i64>, Fault> {
    let (_, seen) = counts(row)?;
    if seen < u64::from(limit) { Ok(None) } else { column::to(row, 2, "sweep") }
}

/// How many rows went, and how many were looked at.
fn counts(row: &Row) -> Result<(u64, u64), Fault> {
    Ok((column::to_word(row, 0, "sweep")?, column::to_word(row, 1, "sweep")?))
}

/// The oldest, up to the newest of those that are over: the digest of the next one builds on it.
pub(super) const REVOCATIONS: &str = "\
    WITH oldest AS (SELECT seq, until FROM revocations ORDER BY seq LIMIT $2::bigint + 1), \
    needed AS (SELECT min(seq) AS seq FROM oldest WHERE until > $1), \
    over AS (SELECT max(oldest.seq) AS seq FROM oldest, needed WHERE needed.seq IS NULL OR oldest.seq < needed.seq), \
    gone AS (DELETE FROM revocations USING over WHERE revocations.seq < over.seq RETURNING 1) \
    SELECT count(*), count(*) FROM gone";

pub(super) const AUDIT: &str = "\
    WITH gone AS (DELETE FROM audit WHERE seq IN ( \
        SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) RETURNING 1) \
    SELECT count(*), count(*) FROM gone";

pub(super) const ONE_TIME: &str = "\
    WITH gone AS (DELETE FROM one_time_tokens WHERE id IN ( \
        SELECT id FROM one_time_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2::bigint \
        FOR UPDATE SKIP LOCKED) RETURNING 1) \
    SELECT count(*), count(*) FROM gone";

pub(super) const PENDING: &str = "\
    WITH gone AS (DELETE FROM pending WHERE id IN ( \
        SELECT id FROM pending WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2::bigint \
        FOR UPDATE SKIP LOCKED) RETURNING 1) \
    SELECT count(*), count(*) FROM gone";

/// A refresh does not say when its session is due anew, so as to write no index: it is said here. The order is that of the
/// index; `due_at` alone would be the column of the answer, and all rows sorted by it.
pub(super) const SESSIONS: &str = "\
    WITH due AS ( \
        SELECT id, sessions.due_at AS was_due_at, least(expires_at, ends_at, ended_at) AS due_at FROM sessions \
        WHERE due_at >= $3 AND due_at < $1 ORDER BY sessions.due_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED \
    ), gone AS ( \
        DELETE FROM sessions USING due WHERE sessions.id = due.id AND due.due_at < $1 RETURNING 1 \
    ), kept AS ( \
        UPDATE sessions SET due_at = due.due_at FROM due WHERE sessions.id = due.id AND due.due_at >= $1 \
    ) SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM due), (SELECT max(was_due_at) FROM due)";
