use tokenry_jwt::Claims;

use super::Authority;
use crate::account::User;
use crate::error::Error;
use crate::id::SessionId;
use crate::keys::KeyRing;
use crate::session::{EndReason, Session};

/// Who calls: a live session and its account.
pub struct Caller {
    /// The session.
    pub session: Session,
    /// The account.
    pub user: User,
    /// The claims of the access token that showed it; none if a cookie did.
    pub claims: Option<Claims>,
}

impl Caller {
    /// The roles that the call is made with: those of the token, or else those that the user has now.
    pub fn roles(&self) -> Vec<String> {
        match &self.claims {
            Some(claims) => claims.roles(),
            None => self.user.roles.iter().cloned().collect(),
        }
    }
}

impl Authority {
    /// Verifies an access token for Tokenry's own calls. Unlike other services, the issuer also asks its store whether
    /// the session is still there.
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, Error> {
        let now = self.now();
        let verify = |keys: &KeyRing| self.access.verify(access_token, keys.access_keys(), now.seconds());
        let claims = self.judge(verify).await??;
        let session: SessionId = claims.session_id().and_then(|id| id.parse().ok()).ok_or(Error::Revoked(None))?;
        let (session, user) = self.store.session(session).await?.ok_or(Error::Revoked(None))?;
        if session.is_over(now) {
            return Err(Error::Revoked(session.end.map(|end| end.reason)));
        }
        let user = user.filter(User::is_active).ok_or(Error::Revoked(Some(EndReason::Disabled)))?;
        if claims.subject() != user.id.to_string() {
            return Err(Error::Revoked(None));
        }
        Ok(Caller { session, user, claims: Some(claims) })
    }
}
