use tokenry_jwt::Claims;

use super::Authority;
use crate::account::User;
use crate::error::Error;
use crate::id::SessionId;
use crate::session::{EndReason, Session};

/// Who calls: an access token that verified, its live session and its account.
pub struct Caller {
    /// The token's claims.
    pub claims: Claims,
    /// The session.
    pub session: Session,
    /// The account.
    pub user: User,
}

impl Authority {
    /// Verifies an access token for Tokenry's own calls. Unlike other services, the issuer also asks its store whether
    /// the session is still there.
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, Error> {
        let now = self.now();
        let claims = self.access.verify(access_token, self.keys().access_keys(), now.seconds())?;
        let session: SessionId = claims.session_id().and_then(|id| id.parse().ok()).ok_or(Error::Revoked(None))?;
        let (session, user) = self.store.session(session).await?.ok_or(Error::Revoked(None))?;
        if session.is_over(now) {
            return Err(Error::Revoked(session.end.map(|end| end.reason)));
        }
        let user = user.filter(User::is_active).ok_or(Error::Revoked(Some(EndReason::Disabled)))?;
        if claims.subject() != user.id.to_string() {
            return Err(Error::Revoked(None));
        }
        Ok(Caller { claims, session, user })
    }
}
