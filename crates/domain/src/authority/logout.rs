use tokenry_jwt::Genuine;
use zeroize::Zeroizing;

use super::settings::MOST_LEEWAY;
use super::{Authority, Context, event};
use crate::audit::{Actor, AuditKind};
use crate::cookie::Cookie;
use crate::error::Error;
use crate::id::SessionId;
use crate::keys::KeyRing;
use crate::revocation::{Revocation, RevocationKind};
use crate::session::{End, EndReason};
use crate::store::{Sessions, Write};
use crate::time::Timestamp;

/// What shows which session to log out.
pub enum Logout {
    /// Its access token, expired or not.
    Access(Zeroizing<String>),
    /// Any of its refresh tokens, expired or old.
    Refresh(Zeroizing<String>),
    /// Its cookie.
    Cookie(Cookie),
}

impl Authority {
    /// Ends the session of a genuine token. One that has ended already is no error.
    pub async fn logout(&self, request: Logout, context: &Context) -> Result<(), Error> {
        let now = self.now();
        let id = match request {
            Logout::Access(token) => {
                let verify = |keys: &KeyRing| self.access.verify_genuine(&token, keys.receipt_keys());
                let genuine = self.judge(verify).await??;
                let id =
                    genuine.session_id().and_then(|id| id.parse::<SessionId>().ok()).ok_or(Error::Revoked(None))?;
                if self.store.session(id).await?.is_none() {
                    return self.revoke_unknown(id, &genuine, context).await;
                }
                id
            }
            Logout::Refresh(token) => {
                let token = self.read_refresh(&token).await?;
                let found = self.store.session(token.session).await?;
                let (session, _) = found.ok_or(Error::RefreshInvalid("unknown session"))?;
                if !token.is_of(&session.secret) {
                    self.report_forgery(&session, context, now).await?;
                    return Err(Error::RefreshInvalid("wrong jti"));
                }
                session.id
            }
            Logout::Cookie(cookie) => self.session_of_cookie(&cookie).await?.0.id,
        };
        let Some((session, _)) = self.store.session(id).await?.filter(|(session, _)| session.end.is_none()) else {
            return Ok(());
        };
        let end = End { at: now, reason: EndReason::Logout };
        let writes = vec![
            Write::EndSessions { which: Sessions::One(id), end, until: self.revoked_until(now) },
            event(AuditKind::SessionEnded, Actor::User, Some(session.user), Some(id), context, now),
        ];
        self.store.commit(writes).await?;
        Ok(())
    }

    /// A session that a restored database does not know: its tokens are good elsewhere until they expire.
    async fn revoke_unknown(&self, id: SessionId, token: &Genuine, context: &Context) -> Result<(), Error> {
        let now = self.now();
        let expiry = Timestamp::from_seconds(token.expires_at().unwrap_or_default());
        if now >= expiry + MOST_LEEWAY {
            return Ok(());
        }
        let until = self.revoked_until(now);
        let revocation = Revocation { kind: RevocationKind::Sid, value: id.to_string(), before: None, until };
        let user = token.subject().and_then(|user| user.parse().ok());
        let ended = event(AuditKind::SessionEnded, Actor::User, user, Some(id), context, now);
        self.store.commit(vec![Write::Revoke(revocation), ended]).await?;
        Ok(())
    }
}
