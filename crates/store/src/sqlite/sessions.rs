use rusqlite::{Connection, Row, Statement, ToSql, params};
use tokenry_domain::account::User;
use tokenry_domain::id::{IdentityId, SessionId, UserId};
use tokenry_domain::refresh::{Child, Position, Receipts, RefreshState, RequestKey};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::session::{Client, End, EndReason, Method, Session, SessionSecret};
use tokenry_domain::store::Sessions;
use tokenry_domain::time::Timestamp;

use super::error::Fault;
use super::users::changed;
use super::{column, revocations, users};

/// A session and its user, of one moment.
pub(super) fn by_id(connection: &Connection, id: SessionId) -> Result<Option<(Session, Option<User>)>, Fault> {
    let mut statement = connection.prepare_cached(BY_ID)?;
    let mut rows = statement.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let user = match row.get_ref(COLUMNS)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(users::from_row(row, COLUMNS)?),
    };
    Ok(Some((from_row(row)?, user)))
}

pub(super) fn live_of(connection: &Connection, user: UserId, limit: u32) -> Result<Vec<Session>, Fault> {
    let mut statement = connection.prepare_cached(LIVE_OF)?;
    statement.query_and_then(params![user.as_bytes(), limit], from_row)?.collect()
}

pub(super) fn insert(connection: &Connection, session: &Session) -> Result<(), Fault> {
    let RefreshState { head, parent_key, child, receipts, keyed } = &session.refresh;
    let [first, second, third, fourth] = receipts.0.map(column::millis);
    connection.prepare_cached(INSERT)?.execute(params![
        session.id.as_bytes(),
        session.user.as_bytes(),
        session.secret.expose(),
        column::word(head.generation),
        head.ordinal,
        parent_key.map(|key| key.0),
        child.map(|child| child.ordinal),
        child.map(|child| child.issued_at.millis()),
        child.and_then(|child| child.key).map(|key| key.0),
        first,
        second,
        third,
        fourth,
        keyed,
        session.created_at.millis(),
        session.last_used_at.millis(),
        session.expires_at.millis(),
        column::millis(session.ends_at),
        column::address(session.client.address),
        session.client.device,
        session.end.map(|end| end.at.millis()),
        session.end.map(|end| end.reason.name()),
        column::word(session.version),
        due_at(session).millis(),
        session.method.name(),
        session.identity.as_ref().map(IdentityId::as_bytes),
    ])?;
    Ok(())
}

/// Writes one row, and no index.
pub(super) fn update(connection: &Connection, session: &Session) -> Result<(), Fault> {
    let RefreshState { head, parent_key, child, receipts, keyed } = &session.refresh;
    let [first, second, third, fourth] = receipts.0.map(column::millis);
    changed(connection.prepare_cached(UPDATE)?.execute(params![
        session.id.as_bytes(),
        column::word(session.version),
        column::word(head.generation),
        head.ordinal,
        parent_key.map(|key| key.0),
        child.map(|child| child.ordinal),
        child.map(|child| child.issued_at.millis()),
        child.and_then(|child| child.key).map(|key| key.0),
        first,
        second,
        third,
        fourth,
        keyed,
        session.last_used_at.millis(),
        session.expires_at.millis(),
        column::millis(session.ends_at),
        column::address(session.client.address),
        session.client.device,
        column::next(session.version),
    ])?)
}

pub(super) fn end(
    connection: &Connection,
    id: SessionId,
    version: u64,
    end: End,
    until: Timestamp,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(END)?;
    changed(statement.execute(params![end.at.millis(), end.reason.name(), id.as_bytes(), column::word(version)])?)?;
    revoke(connection, id, until)
}

/// Ends all of `which` that were not ended, and says how many.
pub(super) fn end_all(connection: &Connection, which: Sessions, end: End, until: Timestamp) -> Result<u64, Fault> {
    let (at, reason) = (end.at.millis(), end.reason.name());
    let read = |sql, parameters: &[&dyn ToSql]| -> Result<Vec<SessionId>, Fault> {
        let mut statement = connection.prepare_cached(sql)?;
        let parameters: Vec<&dyn ToSql> =
            [&at as &dyn ToSql, &reason].into_iter().chain(parameters.iter().copied()).collect();
        ids(&mut statement, &parameters)
    };
    let ended = match &which {
        Sessions::One(id) => read(END_ONE, params![id.as_bytes()]),
        Sessions::OneOf(user, id) => read(END_ONE_OF, params![user.as_bytes(), id.as_bytes()]),
        Sessions::Of(user) => read(END_OF, params![user.as_bytes()]),
        Sessions::OfExcept(user, id) => read(END_OF_EXCEPT, params![user.as_bytes(), id.as_bytes()]),
        Sessions::OfIdentity(user, identity, kept) => {
            let kept = kept.as_ref().map(SessionId::as_bytes);
            read(END_OF_IDENTITY, params![user.as_bytes(), identity.as_bytes(), kept])
        }
    }?;
    for id in &ended {
        revoke(connection, *id, until)?;
    }
    Ok(ended.len() as u64)
}

/// Sessions that were ended, and how, in the order of their identifiers.
pub(super) fn ended(
    connection: &Connection,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<(SessionId, End)>, Fault> {
    let mut statement = connection.prepare_cached(ENDED)?;
    let after = after.map_or([0; 16], |id| *id.as_bytes());
    let row = |row: &Row| -> Result<_, Fault> {
        let reason = column::to_name(row, 2, EndReason::from_name, "sessions.end_reason")?;
        Ok((SessionId::from_bytes(row.get(0)?), End { at: column::to_time(row, 1)?, reason }))
    };
    statement.query_and_then(params![after, limit], row)?.collect()
}

fn revoke(connection: &Connection, id: SessionId, until: Timestamp) -> Result<(), Fault> {
    let revocation = Revocation { kind: RevocationKind::Sid, value: id.to_string(), before: None, until };
    revocations::append(connection, &revocation)
}

fn ids(statement: &mut Statement, parameters: &[&dyn ToSql]) -> Result<Vec<SessionId>, Fault> {
    statement.query_and_then(parameters, |row| Ok(SessionId::from_bytes(row.get(0)?)))?.collect()
}

/// When a sweep could remove it, should nothing more happen to it.
fn due_at(session: &Session) -> Timestamp {
    let ends = [session.ends_at, session.end.map(|end| end.at)];
    ends.into_iter().flatten().fold(session.expires_at, Timestamp::min)
}

fn from_row(row: &Row) -> Result<Session, Fault> {
    let key = |at| -> Result<_, Fault> { Ok(row.get::<_, Option<[u8; 32]>>(at)?.map(RequestKey)) };
    let time = |at| column::to_time_if(row, at);
    let ordinal: Option<u32> = row.get(6)?;
    let child = ordinal.zip(time(7)?);
    let child_key = key(8)?;
    let reason = |at| column::to_name(row, at, EndReason::from_name, "sessions.end_reason");
    Ok(Session {
        id: SessionId::from_bytes(row.get(0)?),
        user: UserId::from_bytes(row.get(1)?),
        secret: SessionSecret::from_bytes(row.get(2)?),
        refresh: RefreshState {
            head: Position { generation: column::to_word(row, 3)?, ordinal: row.get(4)? },
            parent_key: key(5)?,
            child: child.map(|(ordinal, issued_at)| Child { ordinal, issued_at, key: child_key }),
            receipts: Receipts([time(9)?, time(10)?, time(11)?, time(12)?]),
            keyed: row.get(13)?,
        },
        created_at: column::to_time(row, 14)?,
        last_used_at: column::to_time(row, 15)?,
        expires_at: column::to_time(row, 16)?,
        ends_at: time(17)?,
        client: Client { address: column::to_address(row, 18, "sessions.address")?, device: row.get(19)? },
        end: time(20)?.map(|at| Ok::<_, Fault>(End { at, reason: reason(21)? })).transpose()?,
        version: column::to_word(row, 22)?,
        method: column::to_name(row, 23, Method::from_name, "sessions.method")?,
        identity: row.get::<_, Option<[u8; 16]>>(24)?.map(IdentityId::from_bytes),
    })
}

/// All columns of a session, in the order of [`from_row`].
macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.secret, sessions.head_gen, sessions.head_ord, sessions.parent_key, \
         sessions.child_ord, sessions.child_issued_at, sessions.child_key, sessions.receipt_1, sessions.receipt_2, \
         sessions.receipt_3, sessions.receipt_4, sessions.keyed, sessions.created_at, sessions.last_used_at, \
         sessions.expires_at, sessions.ends_at, sessions.address, sessions.device, sessions.ended_at, \
         sessions.end_reason, sessions.version, sessions.method, sessions.identity_id"
    };
}

/// How many they are.
const COLUMNS: usize = 25;

pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    columns!(),
    ", ",
    users::columns!(),
    " FROM sessions LEFT JOIN users ON users.id = sessions.user_id WHERE sessions.id = ?1"
);

pub(super) const LIVE_OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sessions WHERE user_id = ?1 AND ended_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ?2"
);

pub(super) const INSERT: &str = "\
    INSERT INTO sessions (id, user_id, secret, head_gen, head_ord, parent_key, child_ord, child_issued_at, child_key, \
        receipt_1, receipt_2, receipt_3, receipt_4, keyed, created_at, last_used_at, expires_at, ends_at, address, \
        device, ended_at, end_reason, version, due_at, method, identity_id) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, \
        ?24, ?25, ?26)";

pub(super) const ENDED: &str = "\
    SELECT id, ended_at, end_reason FROM sessions WHERE id > ?1 AND ended_at IS NOT NULL ORDER BY id LIMIT ?2";

pub(super) const UPDATE: &str = "\
    UPDATE sessions SET head_gen = ?3, head_ord = ?4, parent_key = ?5, child_ord = ?6, child_issued_at = ?7, \
        child_key = ?8, receipt_1 = ?9, receipt_2 = ?10, receipt_3 = ?11, receipt_4 = ?12, keyed = ?13, \
        last_used_at = ?14, expires_at = ?15, ends_at = ?16, address = ?17, device = ?18, version = ?19 \
    WHERE id = ?1 AND version = ?2 AND ended_at IS NULL";

macro_rules! end {
    ($condition:literal) => {
        concat!(
            "UPDATE sessions SET ended_at = ?1, end_reason = ?2, due_at = min(due_at, ?1) \
             WHERE ended_at IS NULL AND ",
            $condition
        )
    };
}

pub(super) const END: &str = end!("id = ?3 AND version = ?4");
pub(super) const END_ONE: &str = end!("id = ?3 RETURNING id");
pub(super) const END_ONE_OF: &str = end!("user_id = ?3 AND id = ?4 RETURNING id");
pub(super) const END_OF: &str = end!("user_id = ?3 RETURNING id");
pub(super) const END_OF_EXCEPT: &str = end!("user_id = ?3 AND id <> ?4 RETURNING id");
pub(super) const END_OF_IDENTITY: &str = end!("user_id = ?3 AND identity_id = ?4 AND id IS NOT ?5 RETURNING id");
