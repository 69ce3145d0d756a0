use serde_json::Value;
use tokenry_domain::audit::{Actor, AuditEvent, AuditFilter, AuditKind, AuditRecord};
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::Step;
use super::value::values;

pub(super) fn append(event: &AuditEvent) -> Result<Step, Fault> {
    let detail = match &event.detail {
        Value::Null => None,
        detail => Some(column::json(detail, "audit.detail")?),
    };
    Ok(Step::new(
        INSERT,
        values![
            event.at,
            event.kind.name(),
            event.actor.name(),
            event.user,
            event.session,
            column::address(event.address),
            detail,
        ],
    ))
}

pub(super) async fn list(pool: &Pool, filter: AuditFilter) -> Result<Vec<AuditRecord>, Fault> {
    let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.name()).collect();
    let values = values![
        filter.user,
        filter.session,
        filter.since.map_or(i64::MIN, Timestamp::millis),
        filter.until.map_or(i64::MAX, Timestamp::millis),
        filter.before_seq.map_or(i64::MAX, column::count),
        Some(kinds).filter(|kinds| !kinds.is_empty()),
        filter.limit,
    ];
    pool.read(LIST, values).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<AuditRecord, Fault> {
    let detail: Option<&str> = column::to(row, 7, "audit.detail")?;
    Ok(AuditRecord {
        seq: column::to_word(row, 0, "audit.seq")?,
        event: AuditEvent {
            at: column::to_time(row, 1, "audit.at")?,
            kind: column::to_name(row, 2, AuditKind::from_name, "audit.kind")?,
            actor: column::to_name(row, 3, Actor::from_name, "audit.actor")?,
            user: column::to_user_id(row, 4, "audit.user_id")?,
            session: column::to_session_id(row, 5, "audit.session_id")?,
            address: column::to_address(row, 6, "audit.address")?,
            detail: match detail {
                None => Value::Null,
                Some(_) => column::to_json(row, 7, "audit.detail")?,
            },
        },
    })
}

pub(super) const INSERT: &str = "\
    INSERT INTO audit (at, kind, actor, user_id, session_id, address, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// One statement for all ways to the rows: it is planned anew with its values each time, which drops what is NULL.
pub(super) const LIST: &str = "\
    SELECT seq, at, kind, actor, user_id, session_id, address, detail FROM audit \
    WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::uuid IS NULL OR session_id = $2) AND at >= $3 AND at < $4 \
        AND seq < $5 AND ($6::text[] IS NULL OR kind = ANY ($6)) \
    ORDER BY seq DESC LIMIT $7::bigint";
