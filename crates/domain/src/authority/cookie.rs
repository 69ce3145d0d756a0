use std::time::Duration;

use super::{Authority, Caller, Context};
use crate::account::User;
use crate::cookie::Cookie;
use crate::error::Error;
use crate::session::{EndReason, Method, Session};
use crate::store::Write;

impl Authority {
    /// Finds the session that a cookie carries, and notes that it was used.
    pub async fn authenticate_cookie(&self, cookie: &Cookie, context: &Context) -> Result<Caller, Error> {
        let now = self.now();
        let (session, user) = self.session_of_cookie(cookie).await?;
        if session.is_over(now) {
            return Err(Error::Revoked(session.end.map(|end| end.reason)));
        }
        if now >= session.expires_at {
            return Err(Error::SessionExpired);
        }
        let user = user.filter(User::is_active).ok_or(Error::Revoked(Some(EndReason::Disabled)))?;
        let idle = self.settings.session_idle;
        if now >= session.last_used_at + NOTED_EVERY.min(idle / 10) {
            let expires_at = session.ends_at.map_or(now + idle, |ends_at| ends_at.min(now + idle));
            let used = Session { last_used_at: now, expires_at, client: context.client.clone(), ..session.clone() };
            // One of several requests at once notes it; a failure costs nothing but some idle time.
            let _ = self.store.commit(vec![Write::UpdateSession(used)]).await;
        }
        Ok(Caller { session, user, claims: None })
    }

    /// The session of a genuine cookie, ended or not.
    pub(super) async fn session_of_cookie(&self, cookie: &Cookie) -> Result<(Session, Option<User>), Error> {
        let found = self.store.session(cookie.session()).await?;
        let is_its = |session: &Session| session.method == Method::Cookie && cookie.is_of(&session.secret);
        found.filter(|(session, _)| is_its(session)).ok_or(Error::CookieInvalid)
    }
}

/// A use is written down at most so often.
const NOTED_EVERY: Duration = Duration::from_secs(60);
