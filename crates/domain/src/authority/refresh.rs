use std::time::Duration;

use tokenry_jwt::VerifyError;
use zeroize::Zeroizing;

use super::{Authority, Context, event};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::keys::KeyRing;
use crate::mail::Letter;
use crate::refresh::{Beside, Decision, Presented, decide};
use crate::session::{End, EndReason, Method, Session};
use crate::store::{Conflict, StoreError, Write};
use crate::time::Timestamp;
use crate::token::{RefreshToken, TokenPair};

/// A request for a new pair.
pub struct Refresh {
    /// The refresh token.
    pub refresh_token: Zeroizing<String>,
    /// The access token that was issued with it, expired or not.
    pub access_token: Option<Zeroizing<String>>,
    /// How long it may have waited before it was read, because the process stood still.
    pub held: Duration,
}

/// A new pair, and how it came about.
pub struct Refreshed {
    /// The pair.
    pub tokens: TokenPair,
    /// What the protocol decided: `rotate`, `fork`, `repeat` or `fast_forward`.
    pub decision: &'static str,
}

impl Authority {
    /// Exchanges a refresh token, and the access token issued beside it, for a new pair.
    ///
    /// The decision is made on the row as read and written by compare-and-swap: who loses the race reads again.
    pub async fn refresh(&self, request: Refresh, context: &Context) -> Result<Refreshed, Error> {
        let arrived = self.now();
        let token = self.read_refresh(&request.refresh_token).await?;
        self.check_pair(request.access_token.as_ref().map(|token| token.as_str()), &token).await?;
        for _ in 0..MOST_TRIES {
            let found = self.store.session(token.session).await?;
            let found = found.filter(|(session, _)| session.method == Method::Token);
            let (session, user) = found.ok_or(Error::RefreshInvalid("unknown session"))?;
            let wall = self.now();
            let now = session.time(wall);
            if !token.is_of(&session.secret) {
                self.report_forgery(&session, context, wall).await?;
                return Err(Error::RefreshInvalid("wrong jti"));
            }
            self.check_expiry(&token, &session, wall)?;
            let presented =
                Presented { position: token.position, key: context.key, held: request.held + wall.since(arrived) };
            let window = self.settings.repeat_window;
            let user = user.filter(|user| user.is_active());
            let (next, decision) = match decide(&session.refresh, session.is_over(wall), presented, window, now) {
                Decision::Ended => return Err(Error::Revoked(session.end.map(|end| end.reason))),
                Decision::Stale => return Err(Error::RefreshStale),
                Decision::Held => return Err(Error::Unavailable("the request was held for too long".to_owned())),
                Decision::Reuse => match self.end_reused(&session, user.as_ref(), context, now).await {
                    Err(StoreError::Conflict(Conflict::Changed)) => continue,
                    ended => return Err(ended.err().map_or(Error::RefreshReused, Error::from)),
                },
                Decision::Repeat { next } => (next, "repeat"),
                Decision::Fork { next } => (Some(next), "fork"),
                Decision::Rotate { next, fast_forward: false } => (Some(next), "rotate"),
                Decision::Rotate { next, fast_forward: true } => (Some(next), "fast_forward"),
            };
            let user = user.ok_or(Error::Revoked(Some(EndReason::Disabled)))?;
            let Some(next) = next else {
                return Ok(Refreshed { tokens: self.mint(&session, &user, wall)?, decision });
            };
            let issued_at = next.child.map_or(now, |child| child.issued_at);
            let session = Session {
                refresh: next,
                last_used_at: now,
                expires_at: self.refresh_end(session.ends_at, issued_at),
                client: context.client.clone(),
                ..session
            };
            let mut writes = vec![Write::UpdateSession(session.clone())];
            if decision == "fast_forward" {
                writes.push(event(
                    AuditKind::RefreshFastForward,
                    Actor::User,
                    Some(session.user),
                    Some(session.id),
                    context,
                    wall,
                ));
            }
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            return Ok(Refreshed { tokens: self.mint(&session, &user, wall)?, decision });
        }
        Err(Error::Unavailable("the session keeps changing".to_owned()))
    }

    /// Verifies a refresh token's signature, `typ`, issuer and audience: all that needs no row.
    pub(super) async fn read_refresh(&self, token: &str) -> Result<RefreshToken, Error> {
        let verify = |keys: &KeyRing| self.refresh.verify_genuine(token, keys.refresh_keys());
        let genuine = self.judge(verify).await?.map_err(|error| Error::RefreshInvalid(error.reason()))?;
        RefreshToken::read(&genuine, &self.settings.issuer).ok_or(Error::RefreshInvalid("wrong claims"))
    }

    /// The pair: what came beside the refresh token may refuse it. An access token's age does not matter here.
    async fn check_pair(&self, access_token: Option<&str>, token: &RefreshToken) -> Result<(), Error> {
        let verify = |access_token| move |keys: &KeyRing| self.access.verify_genuine(access_token, keys.receipt_keys());
        let beside = match access_token {
            None => Beside::Nothing,
            Some(access_token) => match self.judge(verify(access_token)).await? {
                Ok(genuine) if genuine.session_id().and_then(|sid| sid.parse().ok()) == Some(token.session) => {
                    Beside::Same
                }
                Ok(_) => Beside::Other,
                Err(VerifyError::UnknownKey { .. }) => Beside::Forgotten,
                Err(_) => Beside::Forged,
            },
        };
        beside.check(self.settings.require_access_token).map_err(Error::TokenMismatch)
    }

    /// A head that already has a child is accepted a little longer: a retry must be able to finish the job.
    fn check_expiry(&self, token: &RefreshToken, session: &Session, now: Timestamp) -> Result<(), Error> {
        let state = &session.refresh;
        let is_retry = token.position == state.head && state.child.is_some();
        let grace = if is_retry { self.settings.repeat_window } else { Duration::ZERO };
        if now < token.expires_at + grace { Ok(()) } else { Err(Error::RefreshExpired) }
    }

    async fn end_reused(
        &self,
        session: &Session,
        user: Option<&User>,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let end = End { at: now, reason: EndReason::Reuse };
        let until = self.revoked_until(now);
        let mut writes = vec![
            Write::EndSession { id: session.id, version: session.version, end, until },
            event(AuditKind::RefreshReused, Actor::User, Some(session.user), Some(session.id), context, now),
        ];
        // The end must not wait for randomness: without any, the mail is what is left out.
        if let Some(notice) = user.and_then(|user| self.notice(Letter::SessionStolen, user, context, now).ok()) {
            writes.extend(notice);
        }
        self.store.commit(writes).await.map(drop)
    }

    /// A right signature over a wrong `jti` can only be made with a leaked refresh key.
    pub(super) async fn report_forgery(
        &self,
        session: &Session,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (user, id) = (Some(session.user), Some(session.id));
        let alarm = event(AuditKind::RefreshForged, Actor::User, user, id, context, now);
        self.store.commit(vec![alarm]).await?;
        Ok(())
    }
}

/// How often a lost race is run again. Losing means that another request of the same session won.
const MOST_TRIES: usize = 32;
