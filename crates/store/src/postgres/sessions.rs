mod together;

use tokenry_domain::id::{IdentityId, SessionId, UserId};
use tokenry_domain::refresh::{Child, Position, Receipts, RefreshState, RequestKey};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::session::{Client, End, EndReason, Method, Session, SessionSecret};
use tokenry_domain::store::Sessions;
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::values;
use super::{column, revocations};

#[cfg(test)]
pub(super) use self::together::{BY_IDS, UPDATE_ALL};
pub(super) use self::together::{Lookup, Update};

pub(super) async fn live_of(pool: &Pool, user: UserId, limit: u32) -> Result<Vec<Session>, Fault> {
    pool.read(LIVE_OF, values![user, limit]).await?.iter().map(from_row).collect()
}

pub(super) fn insert(session: &Session) -> Step {
    let RefreshState { head, parent_key, child, receipts, keyed } = &session.refresh;
    let [first, second, third, fourth] = receipts.0;
    Step::new(
        INSERT,
        values![
            session.id,
            session.user,
            &session.secret.expose()[..],
            column::word(head.generation),
            head.ordinal,
            key(parent_key.as_ref()),
            child.map(|child| child.ordinal),
            child.map(|child| child.issued_at),
            key(child.as_ref().and_then(|child| child.key.as_ref())),
            first,
            second,
            third,
            fourth,
            *keyed,
            session.created_at,
            session.last_used_at,
            session.expires_at,
            session.ends_at,
            column::address(session.client.address),
            session.client.device.as_deref(),
            session.end.map(|end| end.at),
            session.end.map(|end| end.reason.name()),
            column::word(session.version),
            due_at(session),
            session.method.name(),
            session.identity,
        ],
    )
}

/// Writes one row, and no index.
pub(super) fn update(session: &Session) -> Step {
    let RefreshState { head, parent_key, child, receipts, keyed } = &session.refresh;
    let [first, second, third, fourth] = receipts.0;
    Step::new(
        UPDATE,
        values![
            session.id,
            column::word(session.version),
            column::word(head.generation),
            head.ordinal,
            key(parent_key.as_ref()),
            child.map(|child| child.ordinal),
            child.map(|child| child.issued_at),
            key(child.as_ref().and_then(|child| child.key.as_ref())),
            first,
            second,
            third,
            fourth,
            *keyed,
            session.last_used_at,
            session.expires_at,
            session.ends_at,
            column::address(session.client.address),
            session.client.device.as_deref(),
            column::next(session.version),
        ],
    )
}

pub(super) fn end(id: SessionId, version: u64, end: End, until: Timestamp) -> [Step; 2] {
    let revocation = Revocation { kind: RevocationKind::Sid, value: id.to_string(), before: None, until };
    [Step::ending(END, values![end.at, end.reason.name(), id, column::word(version)]), revocations::append(&revocation)]
}

/// Ends all of `which` that were not ended, and answers how many.
pub(super) fn end_all(which: Sessions, end: End, until: Timestamp) -> Step {
    let (sql, chosen) = match which {
        Sessions::One(id) => (END_ONE, values![id]),
        Sessions::OneOf(user, id) => (END_ONE_OF, values![user, id]),
        Sessions::Of(user) => (END_OF, values![user]),
        Sessions::OfExcept(user, id) => (END_OF_EXCEPT, values![user, id]),
        Sessions::OfIdentity(user, identity, kept) => (END_OF_IDENTITY, values![user, identity, kept]),
    };
    let mut values = values![end.at, end.reason.name(), until];
    values.extend(chosen);
    Step::ending(sql, values)
}

fn key(key: Option<&RequestKey>) -> Option<&[u8]> {
    key.map(|key| &key.0[..])
}

/// When a sweep could remove it, should nothing more happen to it.
fn due_at(session: &Session) -> Timestamp {
    let ends = [session.ends_at, session.end.map(|end| end.at)];
    ends.into_iter().flatten().fold(session.expires_at, Timestamp::min)
}

fn from_row(row: &Row) -> Result<Session, Fault> {
    let key = |at, column| -> Result<_, Fault> { Ok(column::to_key(row, at, column)?.map(RequestKey)) };
    let receipt = |at| column::to_time_if(row, at, "sessions.receipt");
    let child = column::to_ordinal(row, 6, "sessions.child_ord")?.zip(column::to_time_if(row, 7, "sessions.child")?);
    let child_key = key(8, "sessions.child_key")?;
    let reason = || column::to_name(row, 21, EndReason::from_name, "sessions.end_reason");
    let bad = |column| move || Fault::Bad(column);
    Ok(Session {
        id: column::to_session_id(row, 0, "sessions.id")?.ok_or_else(bad("sessions.id"))?,
        user: column::to_user_id(row, 1, "sessions.user_id")?.ok_or_else(bad("sessions.user_id"))?,
        secret: column::to_key(row, 2, "sessions.secret")?
            .map(SessionSecret::from_bytes)
            .ok_or_else(bad("sessions.secret"))?,
        refresh: RefreshState {
            head: Position {
                generation: column::to_word(row, 3, "sessions.head_gen")?,
                ordinal: column::to_ordinal(row, 4, "sessions.head_ord")?.ok_or_else(bad("sessions.head_ord"))?,
            },
            parent_key: key(5, "sessions.parent_key")?,
            child: child.map(|(ordinal, issued_at)| Child { ordinal, issued_at, key: child_key }),
            receipts: Receipts([receipt(9)?, receipt(10)?, receipt(11)?, receipt(12)?]),
            keyed: column::to(row, 13, "sessions.keyed")?,
        },
        created_at: column::to_time(row, 14, "sessions.created_at")?,
        last_used_at: column::to_time(row, 15, "sessions.last_used_at")?,
        expires_at: column::to_time(row, 16, "sessions.expires_at")?,
        ends_at: column::to_time_if(row, 17, "sessions.ends_at")?,
        client: Client {
            address: column::to_address(row, 18, "sessions.address")?,
            device: column::to(row, 19, "sessions.device")?,
        },
        end: column::to_time_if(row, 20, "sessions.ended_at")?
            .map(|at| Ok::<_, Fault>(End { at, reason: reason()? }))
            .transpose()?,
        version: column::to_word(row, 22, "sessions.version")?,
        method: column::to_name(row, 23, Method::from_name, "sessions.method")?,
        identity: column::to::<Option<Uuid>>(row, 24, "sessions.identity_id")?
            .map(|id| IdentityId::from_bytes(id.into_bytes())),
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

use columns;

/// How many they are.
const COLUMNS: usize = 25;

pub(super) const LIVE_OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2::bigint"
);

pub(super) const INSERT: &str = "\
    INSERT INTO sessions (id, user_id, secret, head_gen, head_ord, parent_key, child_ord, child_issued_at, child_key, \
        receipt_1, receipt_2, receipt_3, receipt_4, keyed, created_at, last_used_at, expires_at, ends_at, address, \
        device, ended_at, end_reason, version, due_at, method, identity_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
        $24, $25, $26)";

pub(super) const UPDATE: &str = must!(
    "UPDATE sessions SET head_gen = $3, head_ord = $4, parent_key = $5, child_ord = $6, child_issued_at = $7, \
        child_key = $8, receipt_1 = $9, receipt_2 = $10, receipt_3 = $11, receipt_4 = $12, keyed = $13, \
        last_used_at = $14, expires_at = $15, ends_at = $16, address = $17, device = $18, version = $19 \
     WHERE id = $1 AND version = $2 AND ended_at IS NULL"
);

macro_rules! end {
    ($condition:literal) => {
        concat!(
            "UPDATE sessions SET ended_at = $1::bigint, end_reason = $2::text, due_at = least(due_at, $1::bigint) \
             WHERE ended_at IS NULL AND ",
            $condition
        )
    };
}

/// Ends sessions and appends them to the feed, whose row is held already: see [`revocations::LOCK`].
macro_rules! end_all {
    ($condition:literal) => {
        concat!(
            "WITH RECURSIVE ended AS (",
            end!($condition),
            " RETURNING id), \
             entry AS (SELECT id::text AS id, row_number() OVER () AS n, ",
            revocations::tag!(),
            " AS tag FROM ended), \
             chain (n, seq, digest) AS ( \
                SELECT 0::bigint, seq, digest FROM feed WHERE feed.id = 1 \
                UNION ALL SELECT entry.n, chain.seq + 1, ",
            revocations::digest!(
                "chain.digest",
                "chain.seq + 1",
                "entry.tag",
                "NULL::bigint",
                "$3::bigint",
                "'sid:' || entry.id"
            ),
            " FROM chain JOIN entry ON entry.n = chain.n + 1), \
             place AS (UPDATE feed SET seq = newest.seq, digest = newest.digest \
                FROM (SELECT seq, digest FROM chain ORDER BY n DESC LIMIT 1) AS newest WHERE feed.id = 1), \
             fed AS (INSERT INTO revocations (seq, tag, kind, value, before, until, digest) \
                SELECT chain.seq, entry.tag, 'sid', entry.id, NULL, $3::bigint, chain.digest \
                FROM chain JOIN entry ON entry.n = chain.n RETURNING 1) \
             SELECT count(*) FROM fed"
        )
    };
}

/// Answers 1: the number of sessions.
pub(super) const END: &str = must!(end!("id = $3 AND version = $4"));
pub(super) const END_ONE: &str = end_all!("id = $4");
pub(super) const END_ONE_OF: &str = end_all!("user_id = $4 AND id = $5");
pub(super) const END_OF: &str = end_all!("user_id = $4");
pub(super) const END_OF_EXCEPT: &str = end_all!("user_id = $4 AND id <> $5");
pub(super) const END_OF_IDENTITY: &str = end_all!("user_id = $4 AND identity_id = $5 AND id IS DISTINCT FROM $6::uuid");
