use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::session::{End, Session};
use tokenry_domain::store::{Conflict, Sessions, StoreError};
use tokenry_domain::time::Timestamp;

/// Sessions in the memory of this process: gone when it ends.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<SessionId, Session>,
    /// Each user's sessions that were not ended, in the order of their creation.
    of_users: HashMap<UserId, BTreeSet<(Timestamp, SessionId)>>,
    /// When a sweep is to look at which session; a use leaves it behind.
    due: BTreeSet<(Timestamp, SessionId)>,
}

impl Memory {
    pub(crate) fn insert(&self, session: Session) -> Result<(), StoreError> {
        let mut table = self.table();
        if table.sessions.contains_key(&session.id) {
            return Err(StoreError::Conflict(Conflict::Id));
        }
        table.of_users.entry(session.user).or_default().insert((session.created_at, session.id));
        table.due.insert((over_at(&session), session.id));
        table.sessions.insert(session.id, session);
        Ok(())
    }

    /// Replaces a session whose version is still the one of `session`.
    pub(crate) fn update(&self, session: Session) -> Result<(), StoreError> {
        let mut table = self.table();
        let stored = table.sessions.get_mut(&session.id).filter(|stored| stored.version == session.version);
        let stored = stored.filter(|stored| stored.end.is_none()).ok_or(StoreError::Conflict(Conflict::Changed))?;
        *stored = Session { version: session.version.wrapping_add(1), ..session };
        Ok(())
    }

    pub(crate) fn remove(&self, id: SessionId) {
        self.table().remove(id);
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<Session> {
        self.table().sessions.get(&id).cloned()
    }

    /// A user's sessions that were not ended, newest first.
    pub(crate) fn sessions_of(&self, user: UserId, limit: u32) -> Vec<Session> {
        let table = self.table();
        let ids = table.of_users.get(&user).into_iter().flatten().rev().map(|(_, id)| id);
        ids.filter_map(|id| table.sessions.get(id)).take(limit as usize).cloned().collect()
    }

    /// Ends all of `which` that were not ended, and says how many.
    pub(crate) fn end(&self, which: Sessions, end: End) -> u64 {
        let mut table = self.table();
        let ids = |user| table.of_users.get(&user).into_iter().flatten().map(|(_, id)| *id).collect::<Vec<_>>();
        let chosen = match which {
            Sessions::One(id) => vec![id],
            Sessions::OneOf(user, id) => ids(user).into_iter().filter(|one| *one == id).collect(),
            Sessions::Of(user) => ids(user),
            Sessions::OfIdentity(user, identity, kept) => {
                let began = |id: &SessionId| table.sessions.get(id).is_some_and(|one| one.identity == Some(identity));
                ids(user).into_iter().filter(|one| Some(*one) != kept && began(one)).collect()
            }
            Sessions::OfExcept(user, kept) => ids(user).into_iter().filter(|one| *one != kept).collect(),
        };
        chosen.into_iter().filter(|id| table.end(*id, end)).count() as u64
    }

    /// Removes at most `limit` sessions that ended or expired before a moment.
    pub(crate) fn sweep(&self, before: Timestamp, limit: u32) -> u64 {
        let mut table = self.table();
        let mut gone = 0;
        while gone < u64::from(limit)
            && let Some((_, id)) = table.due.first().copied().filter(|(due, _)| *due < before)
        {
            table.due.pop_first();
            match table.sessions.get(&id).map(over_at) {
                Some(over_at) if over_at >= before => _ = table.due.insert((over_at, id)),
                Some(_) => {
                    table.remove(id);
                    gone += 1;
                }
                None => {}
            }
        }
        gone
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No change is left half-way: none of them can panic between its steps.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a session ended, or will if nothing happens to it.
fn over_at(session: &Session) -> Timestamp {
    let ends = [session.ends_at, session.end.map(|end| end.at)];
    ends.into_iter().flatten().fold(session.expires_at, Timestamp::min)
}

impl Table {
    fn end(&mut self, id: SessionId, end: End) -> bool {
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.end.is_none()) else { return false };
        session.end = Some(end);
        self.due.insert((end.at, id));
        let (user, place) = (session.user, (session.created_at, id));
        self.forget(user, place);
        true
    }

    fn remove(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.forget(session.user, (session.created_at, id));
        }
    }

    fn forget(&mut self, user: UserId, place: (Timestamp, SessionId)) {
        if let Some(of_user) = self.of_users.get_mut(&user) {
            of_user.remove(&place);
            if of_user.is_empty() {
                self.of_users.remove(&user);
            }
        }
    }
}
