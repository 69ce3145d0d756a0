//! Many sessions in one statement.

use std::collections::{HashMap, HashSet};

use tokenry_domain::account::User;
use tokenry_domain::id::SessionId;
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::session::Session;
use tokenry_domain::store::{Conflict, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::error::Fault;
use super::super::gather::Question;
use super::super::pipeline::in_order;
use super::super::pool::Pool;
use super::super::step::Step;
use super::super::value::Value;
use super::super::{column, users};
use super::{COLUMNS, columns, from_row, key, update};

/// A session and its user, of one moment.
pub(in super::super) struct Lookup(pub(in super::super) SessionId);

/// A session in its new state, to replace the version before.
pub(in super::super) struct Update(pub(in super::super) Session);

impl Question for Lookup {
    type Answer = Option<(Session, Option<User>)>;

    fn goes_with(&self, _: &Self) -> bool {
        true
    }

    async fn ask(pool: &Pool, questions: &[Self]) -> Vec<Result<Self::Answer, StoreError>> {
        let ids = questions.iter().map(|lookup| Uuid::from_bytes(*lookup.0.as_bytes())).collect();
        let rows = match pool.read(BY_IDS, vec![Value::Uuids(ids)]).await.map_err(StoreError::from) {
            Ok(rows) => rows,
            Err(error) => return questions.iter().map(|_| Err(error.clone())).collect(),
        };
        let found: HashMap<SessionId, &Row> = rows.iter().filter_map(|row| Some((id_of(row)?, row))).collect();
        let answer = |lookup: &Lookup| found.get(&lookup.0).map(|row| with_user(row)).transpose();
        questions.iter().map(|lookup| answer(lookup).map_err(StoreError::from)).collect()
    }
}

impl Question for Update {
    type Answer = ();

    /// Two of one session replace the same version: only one of them can be the one that was met.
    fn goes_with(&self, other: &Self) -> bool {
        self.0.id != other.0.id
    }

    async fn ask(pool: &Pool, questions: &[Self]) -> Vec<Result<(), StoreError>> {
        let alone = async |Update(session): &Self| {
            pool.transact(vec![update(session)]).await.map(drop).map_err(StoreError::from)
        };
        if let [update] = questions {
            return vec![alone(update).await];
        }
        match pool.transact(vec![update_all(questions)]).await {
            Ok(rows) => {
                let met: HashSet<SessionId> = rows.iter().flatten().filter_map(id_of).collect();
                let outcome = |update: &Update| match met.contains(&update.0.id) {
                    true => Ok(()),
                    false => Err(StoreError::Conflict(Conflict::Changed)),
                };
                questions.iter().map(outcome).collect()
            }
            // What one of them met is not to be the others' fate.
            Err(fault) if fault.may_be_of_one() => {
                in_order(questions.iter().map(|update| Box::pin(alone(update)))).await
            }
            Err(fault) => {
                let error = StoreError::from(fault);
                questions.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }
}

fn update_all(updates: &[Update]) -> Step {
    let sessions = || updates.iter().map(|Update(session)| session);
    let state = || sessions().map(|session| &session.refresh);
    let ints = |of: fn(&Session) -> Option<i64>| Value::Ints(sessions().map(of).collect());
    let keys =
        |of: fn(&RefreshState) -> Option<&[u8]>| Value::BytesList(state().map(|s| of(s).map(<[u8]>::to_vec)).collect());
    let texts = |of: fn(&Session) -> Option<String>| Value::OptionalTexts(sessions().map(of).collect());
    Step::new(
        UPDATE_ALL,
        vec![
            Value::Uuids(sessions().map(|session| Uuid::from_bytes(*session.id.as_bytes())).collect()),
            ints(|s| Some(column::word(s.version))),
            ints(|s| Some(column::word(s.refresh.head.generation))),
            ints(|s| Some(s.refresh.head.ordinal.into())),
            keys(|s| key(s.parent_key.as_ref())),
            ints(|s| s.refresh.child.map(|child| child.ordinal.into())),
            ints(|s| s.refresh.child.map(|child| child.issued_at.millis())),
            keys(|s| key(s.child.as_ref().and_then(|child| child.key.as_ref()))),
            ints(|s| s.refresh.receipts.0[0].map(|at| at.millis())),
            ints(|s| s.refresh.receipts.0[1].map(|at| at.millis())),
            ints(|s| s.refresh.receipts.0[2].map(|at| at.millis())),
            ints(|s| s.refresh.receipts.0[3].map(|at| at.millis())),
            Value::Bools(state().map(|state| state.keyed).collect()),
            ints(|s| Some(s.last_used_at.millis())),
            ints(|s| Some(s.expires_at.millis())),
            ints(|s| s.ends_at.map(|at| at.millis())),
            texts(|s| column::address(s.client.address)),
            texts(|s| s.client.device.clone()),
            ints(|s| Some(column::next(s.version))),
        ],
    )
}

fn id_of(row: &Row) -> Option<SessionId> {
    column::to_session_id(row, 0, "sessions.id").ok().flatten()
}

/// A row of a session, and after it its user's, if there is one.
pub(super) fn with_user(row: &Row) -> Result<(Session, Option<User>), Fault> {
    let user = match column::to_user_id(row, COLUMNS, "users.id")? {
        None => None,
        Some(_) => Some(users::from_row(row, COLUMNS)?),
    };
    Ok((from_row(row)?, user))
}

pub(in super::super) const BY_IDS: &str = concat!(
    "SELECT ",
    columns!(),
    ", ",
    users::columns!(),
    " FROM sessions LEFT JOIN users ON users.id = sessions.user_id WHERE sessions.id = ANY($1)"
);

pub(in super::super) const UPDATE_ALL: &str = "\
    UPDATE sessions SET head_gen = new.head_gen, head_ord = new.head_ord, parent_key = new.parent_key, \
        child_ord = new.child_ord, child_issued_at = new.child_issued_at, child_key = new.child_key, \
        receipt_1 = new.receipt_1, receipt_2 = new.receipt_2, receipt_3 = new.receipt_3, receipt_4 = new.receipt_4, \
        keyed = new.keyed, last_used_at = new.last_used_at, expires_at = new.expires_at, ends_at = new.ends_at, \
        address = new.address, device = new.device, version = new.next \
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], \
        $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[], $14::bigint[], \
        $15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::bigint[]) \
        AS new (id, version, head_gen, head_ord, parent_key, child_ord, child_issued_at, child_key, receipt_1, \
        receipt_2, receipt_3, receipt_4, keyed, last_used_at, expires_at, ends_at, address, device, next) \
    WHERE sessions.id = new.id AND sessions.version = new.version AND sessions.ended_at IS NULL \
    RETURNING sessions.id";
