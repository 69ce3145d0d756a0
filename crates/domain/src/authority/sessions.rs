use super::{Authority, Caller, Context, event};
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::id::{SessionId, UserId};
use crate::session::{End, EndReason, Session};
use crate::store::{Sessions, Write};

impl Authority {
    /// A user's live sessions, newest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, Error> {
        let now = self.now();
        let mut sessions = self.store.sessions_of(user, MOST_SESSIONS).await?;
        sessions.retain(|session| session.is_live(now));
        Ok(sessions)
    }

    /// Ends one of the caller's own sessions, the current one included.
    pub async fn end_own_session(&self, caller: &Caller, id: SessionId, context: &Context) -> Result<(), Error> {
        let found = self.store.session(id).await?;
        // Nothing is written, and nothing told, of what is another user's.
        let is_own = |session: &Session| session.user == caller.user.id && session.end.is_none();
        found.filter(|(session, _)| is_own(session)).ok_or(Error::NotFound("session"))?;
        let which = Sessions::OneOf(caller.user.id, id);
        self.end_sessions(which, EndReason::Logout, Actor::User, caller.user.id, context).await.map(drop)
    }

    /// Ends all of the caller's sessions but the current one. Returns how many.
    pub async fn end_other_sessions(&self, caller: &Caller, context: &Context) -> Result<u64, Error> {
        let which = Sessions::OfExcept(caller.user.id, caller.session.id);
        self.end_sessions(which, EndReason::Logout, Actor::User, caller.user.id, context).await
    }

    /// Ends one session of whichever user, as an administrator or an operator.
    pub async fn revoke_session(&self, id: SessionId, actor: Actor, context: &Context) -> Result<(), Error> {
        let found = self.store.session(id).await?.filter(|(session, _)| session.end.is_none());
        let (session, _) = found.ok_or(Error::NotFound("session"))?;
        self.end_sessions(Sessions::One(id), EndReason::Admin, actor, session.user, context).await.map(drop)
    }

    /// Ends all sessions of a user, as an administrator or an operator. Returns how many.
    pub async fn revoke_sessions_of(&self, user: UserId, actor: Actor, context: &Context) -> Result<u64, Error> {
        self.store.user(user).await?.ok_or(Error::NotFound("user"))?;
        self.end_sessions(Sessions::Of(user), EndReason::Admin, actor, user, context).await
    }

    async fn end_sessions(
        &self,
        which: Sessions,
        reason: EndReason,
        actor: Actor,
        user: UserId,
        context: &Context,
    ) -> Result<u64, Error> {
        let now = self.now();
        let (kind, session) = match which {
            Sessions::One(id) | Sessions::OneOf(_, id) => (AuditKind::SessionEnded, Some(id)),
            Sessions::Of(_) | Sessions::OfExcept(..) | Sessions::OfIdentity(..) => (AuditKind::SessionsEnded, None),
        };
        let writes = vec![
            Write::EndSessions { which, end: End { at: now, reason }, until: self.revoked_until(now) },
            event(kind, actor, Some(user), session, context, now),
        ];
        Ok(self.store.commit(writes).await?.sessions_ended)
    }
}

/// Most sessions shown of one user.
const MOST_SESSIONS: u32 = 1000;
