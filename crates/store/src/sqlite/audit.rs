use rusqlite::{Connection, Row, params};
use serde_json::Value;
use tokenry_domain::audit::{Actor, AuditEvent, AuditFilter, AuditKind, AuditRecord};
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::time::Timestamp;

use super::column;
use super::error::Fault;

pub(super) fn append(connection: &Connection, event: &AuditEvent) -> Result<(), Fault> {
    let detail = match &event.detail {
        Value::Null => None,
        detail => Some(column::json(detail, "audit.detail")?),
    };
    connection.prepare_cached(INSERT)?.execute(params![
        event.at.millis(),
        event.kind.name(),
        actor_name(event.actor),
        event.user.as_ref().map(UserId::as_bytes),
        event.session.as_ref().map(SessionId::as_bytes),
        column::address(event.address),
        detail,
    ])?;
    Ok(())
}

pub(super) fn list(connection: &Connection, filter: &AuditFilter) -> Result<Vec<AuditRecord>, Fault> {
    let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.name()).collect();
    let kinds = if kinds.is_empty() { None } else { Some(column::json(&kinds, "audit.kind")?) };
    let sql = match (filter.session, filter.user, filter.since) {
        (Some(_), _, _) => OF_SESSION,
        (None, Some(_), _) => OF_USER,
        (None, None, Some(_)) => SINCE,
        (None, None, None) => OF_ALL,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![
        filter.user.as_ref().map(UserId::as_bytes),
        filter.session.as_ref().map(SessionId::as_bytes),
        filter.since.map_or(i64::MIN, Timestamp::millis),
        filter.until.map_or(i64::MAX, Timestamp::millis),
        filter.before_seq.map_or(i64::MAX, column::count),
        kinds,
        filter.limit,
    ];
    statement.query_and_then(parameters, from_row)?.collect()
}

fn from_row(row: &Row) -> Result<AuditRecord, Fault> {
    let detail = match row.get_ref(7)? {
        rusqlite::types::ValueRef::Null => Value::Null,
        _ => column::to_json(row, 7, "audit.detail")?,
    };
    Ok(AuditRecord {
        seq: column::to_word(row, 0)?,
        event: AuditEvent {
            at: column::to_time(row, 1)?,
            kind: column::to_name(row, 2, AuditKind::from_name, "audit.kind")?,
            actor: column::to_name(row, 3, actor, "audit.actor")?,
            user: row.get::<_, Option<_>>(4)?.map(UserId::from_bytes),
            session: row.get::<_, Option<_>>(5)?.map(SessionId::from_bytes),
            address: column::to_address(row, 6, "audit.address")?,
            detail,
        },
    })
}

const fn actor_name(actor: Actor) -> &'static str {
    match actor {
        Actor::User => "user",
        Actor::Admin => "admin",
        Actor::Operator => "operator",
        Actor::System => "system",
    }
}

fn actor(name: &str) -> Option<Actor> {
    [Actor::User, Actor::Admin, Actor::Operator, Actor::System].into_iter().find(|actor| actor_name(*actor) == name)
}

pub(super) const INSERT: &str = "\
    INSERT INTO audit (at, kind, actor, user_id, session_id, address, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// One statement for each way to the rows. A `+` keeps SQLite from the other ways.
macro_rules! list {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT seq, at, kind, actor, user_id, session_id, address, detail FROM audit WHERE ",
            $condition,
            " AND (?6 IS NULL OR kind IN (SELECT value FROM json_each(?6))) ORDER BY ",
            $order,
            " DESC LIMIT ?7"
        )
    };
}

pub(super) const OF_SESSION: &str =
    list!("session_id = ?2 AND (?1 IS NULL OR +user_id = ?1) AND +at >= ?3 AND +at < ?4 AND seq < ?5", "seq");
pub(super) const OF_USER: &str = list!("user_id = ?1 AND ?2 IS NULL AND +at >= ?3 AND +at < ?4 AND seq < ?5", "seq");
pub(super) const SINCE: &str = list!("?1 IS NULL AND ?2 IS NULL AND at >= ?3 AND at < ?4 AND +seq < ?5", "+seq");
pub(super) const OF_ALL: &str = list!("?1 IS NULL AND ?2 IS NULL AND +at >= ?3 AND +at < ?4 AND seq < ?5", "seq");
