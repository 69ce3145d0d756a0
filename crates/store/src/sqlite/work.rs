use rusqlite::Connection;
use tokenry_domain::store::Write;

use super::error::Fault;
use super::sweep::Sweep;
use super::{audit, identities, keys, mails, one_time, pending, revocations, sessions, users};

/// What the writer does, all or none of it.
#[derive(Debug)]
pub(super) enum Work {
    Commit(Vec<Write>),
    Sweep(Sweep),
    /// A write that changes nothing anyone sees.
    Probe,
}

/// What it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// A commit: sessions that it ended. A sweep: rows that it removed.
    pub(super) rows: u64,
    /// A sweep: whether there may be more to remove.
    pub(super) more: bool,
}

impl Work {
    pub(super) fn run(&self, connection: &Connection) -> Result<Done, Fault> {
        match self {
            Self::Commit(writes) => {
                let rows = writes.iter().map(|write| apply(connection, write)).sum::<Result<u64, Fault>>()?;
                Ok(Done { rows, more: false })
            }
            Self::Sweep(sweep) => sweep.run(connection),
            Self::Probe => {
                connection.prepare_cached(PROBE)?.execute([])?;
                Ok(Done::default())
            }
        }
    }

    /// Whether nothing can be refused after the first change. SQLite itself undoes a statement that fails, so there is
    /// nothing else to undo then.
    pub(super) fn undoes_itself(&self) -> bool {
        match self {
            Self::Commit(writes) => writes.split_last().is_none_or(|(last, others)| {
                statements(last) <= 1 && others.iter().all(|write| statements(write) == 0)
            }),
            Self::Sweep(_) => false,
            Self::Probe => true,
        }
    }
}

/// Applies `write`, and says how many sessions it ended.
fn apply(connection: &Connection, write: &Write) -> Result<u64, Fault> {
    match write {
        Write::InsertUser(user) => users::insert(connection, user)?,
        Write::UpdateUser(user) => users::update(connection, user)?,
        Write::ExpectUser { id, version } => users::expect(connection, *id, *version)?,
        Write::DeleteUser { id, version } => users::delete(connection, *id, *version)?,
        Write::InsertSession(session) => sessions::insert(connection, session)?,
        Write::UpdateSession(session) => sessions::update(connection, session)?,
        Write::EndSession { id, version, end, until } => {
            sessions::end(connection, *id, *version, *end, *until)?;
            return Ok(1);
        }
        Write::EndSessions { which, end, until } => {
            return sessions::end_all(connection, *which, *end, *until);
        }
        Write::Revoke(revocation) => revocations::append(connection, revocation)?,
        Write::Audit(event) => audit::append(connection, event)?,
        Write::InsertKey(key) => keys::insert(connection, key)?,
        Write::UpdateKey(key) => keys::update(connection, key)?,
        Write::IssueOneTime(token) => one_time::issue(connection, token)?,
        Write::SpendOneTime(id) => one_time::spend(connection, *id)?,
        Write::VoidOneTime { user, not_me_since } => one_time::void(connection, *user, *not_me_since)?,
        Write::InsertIdentity(identity) => identities::insert(connection, identity)?,
        Write::RemoveIdentity { id, user } => identities::remove(connection, *id, *user)?,
        Write::RemoveIdentities { user, since, kept } => identities::remove_all(connection, *user, *since, *kept)?,
        Write::InsertPending(pending) => pending::insert(connection, pending)?,
        Write::SpendPending(id) => pending::spend(connection, *id)?,
        Write::VoidPending => pending::void(connection)?,
        Write::QueueMail(mail) => mails::insert(connection, mail)?,
        Write::UpdateMail(mail) => mails::update(connection, mail)?,
        Write::RemoveMail { id, version } => mails::remove(connection, *id, *version)?,
    }
    Ok(0)
}

/// How many statements of `write` change something; two where it may be more.
fn statements(write: &Write) -> usize {
    match write {
        Write::ExpectUser { .. } => 0,
        Write::EndSession { .. } | Write::EndSessions { .. } => 2,
        _ => 1,
    }
}

pub(super) const PROBE: &str = "UPDATE probe SET number = (number + 1) % 1000000 WHERE id = 1";
