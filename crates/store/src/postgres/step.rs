//! What a commit sends: its writes as statements, all of them known before the first is sent.

use tokenry_domain::store::Write;

use super::error::Fault;
use super::value::Value;
use super::{audit, identities, keys, mails, one_time, pending, revocations, sessions, users};

/// A statement and its values.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// Whether it answers with a number of sessions that it ended.
    pub(super) ends_sessions: bool,
}

impl Step {
    pub(super) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, ends_sessions: false }
    }

    pub(super) fn ending(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, ends_sessions: true }
    }
}

/// The steps of a commit. Each fails, and undoes all, if its condition does not hold.
///
/// What appends to the feed takes the feed's row first: commits that append stand in one line from their first
/// statement on, so none of them waits for a row that another of them holds.
pub(super) fn steps(writes: &[Write]) -> Result<Vec<Step>, Fault> {
    let appends =
        |write: &Write| matches!(write, Write::EndSession { .. } | Write::EndSessions { .. } | Write::Revoke(_));
    let mut steps = Vec::with_capacity(writes.len() + 1);
    if writes.iter().any(appends) {
        steps.push(Step::new(revocations::LOCK, Vec::new()));
    }
    for write in writes {
        match write {
            Write::InsertUser(user) => steps.push(users::insert(user)?),
            Write::UpdateUser(user) => steps.push(users::update(user)?),
            Write::ExpectUser { id, version } => steps.push(users::expect(*id, *version)),
            Write::DeleteUser { id, version } => steps.push(users::delete(*id, *version)),
            Write::InsertSession(session) => steps.push(sessions::insert(session)),
            Write::UpdateSession(session) => steps.push(sessions::update(session)),
            Write::EndSession { id, version, end, until } => {
                steps.extend(sessions::end(*id, *version, *end, *until));
            }
            Write::EndSessions { which, end, until } => steps.push(sessions::end_all(*which, *end, *until)),
            Write::Revoke(revocation) => steps.push(revocations::append(revocation)),
            Write::Audit(event) => steps.push(audit::append(event)?),
            Write::InsertKey(key) => steps.push(keys::insert(key)),
            Write::UpdateKey(key) => steps.push(keys::update(key)),
            Write::IssueOneTime(token) => steps.push(one_time::issue(token)),
            Write::SpendOneTime(id) => steps.push(one_time::spend(*id)),
            Write::VoidOneTime { user, not_me_since } => steps.push(one_time::void(*user, *not_me_since)),
            Write::InsertIdentity(identity) => steps.push(identities::insert(identity)),
            Write::RemoveIdentity { id, user } => steps.push(identities::remove(*id, *user)),
            Write::RemoveIdentities { user, since, kept } => {
                steps.push(identities::remove_all(*user, *since, *kept));
            }
            Write::InsertPending(pending) => steps.push(pending::insert(pending)?),
            Write::SpendPending(id) => steps.push(pending::spend(*id)),
            Write::VoidPending => steps.push(pending::void()),
            Write::QueueMail(mail) => steps.push(mails::insert(mail)),
            Write::UpdateMail(mail) => steps.push(mails::update(mail)),
            Write::RemoveMail { id, version } => steps.push(mails::remove(*id, *version)),
        }
    }
    Ok(steps)
}

/// A statement that must change a row, or fail: what is sent together can't be looked at in between.
macro_rules! must {
    ($($statement:expr),+ $(,)?) => {
        concat!("WITH met AS (", $($statement,)+ " RETURNING 1) SELECT 1 / count(*) FROM met")
    };
}
pub(super) use must;
