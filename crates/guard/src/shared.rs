use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokenry_jwt::{Claims, Verifier, VerifyError};

use crate::cache::{Cached, TokenCache};
use crate::feed::chain::Entry;
use crate::feed::{Fault, FreshnessState, Reader, Statement};
use crate::keys::Keys;
use crate::policy::Policies;
use crate::revocations::{Pending, RevocationKind, Revocations};
use crate::status::Counters;
use crate::{Clock, Refusal};

/// What all clones of a guard share with what runs in the background.
pub(crate) struct Shared {
    pub(crate) verifier: Verifier,
    /// In seconds.
    pub(crate) leeway: i64,
    pub(crate) statements: Verifier,
    pub(crate) keys: Keys,
    pub(crate) revocations: Revocations,
    pub(crate) freshness: FreshnessState,
    pub(crate) cache: Option<TokenCache>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) counters: Counters,
    pub(crate) keys_error: LastError,
    pub(crate) feed_error: LastError,
}

/// What went wrong last, until it goes right.
#[derive(Default)]
pub(crate) struct LastError(Mutex<Option<String>>);

impl Shared {
    /// Judges a token by what is known at this moment. No IO, no waiting.
    pub(crate) fn judge(&self, token: &str, policies: Policies) -> Result<Claims, Refusal> {
        let (claims, counter) = self.look_up_or_verify(token)?;
        if !policies.is_lenient() {
            let freshness = self.freshness.now(self.clock.elapsed());
            if !policies.allows(freshness) {
                return Err(Refusal::Outdated(freshness));
            }
        }
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(claims)
    }

    fn look_up_or_verify(&self, token: &str) -> Result<(Claims, &AtomicU64), Refusal> {
        if token.len() > tokenry_jwt::MAX_TOKEN {
            return Err(VerifyError::TooLarge.into());
        }
        let (keys, now) = (self.keys.current(), self.clock.now());
        if let Some(cache) = &self.cache
            && let Some(cached) = cache.find(token)
        {
            let is_alive = now < cached.claims.expires_at().saturating_add(self.leeway);
            if is_alive
                && cached.generation == keys.generation
                && self.revocations.revoking(&cached.marks, &cached.claims).is_none()
            {
                return Ok((cached.claims, &self.counters.hits));
            }
            // The long way tells why.
            cache.remove(token);
        }
        if keys.set.is_empty() {
            return Err(Refusal::NoKeys);
        }
        let claims = self.verifier.verify(token, &keys.set, now)?;
        let cache = self.cache.as_ref().filter(|cache| !keys.are_secrets || cache.comes_again(token));
        let marks = (cache.is_some() || !self.revocations.is_untouched()).then(|| self.revocations.marks(&claims));
        if let Some(kind) = marks.and_then(|marks| self.revocations.revoking(&marks, &claims)) {
            return Err(Refusal::Revoked(kind));
        }
        if let Some((cache, marks)) = cache.zip(marks) {
            cache.insert(token, Cached { claims: claims.clone(), marks, generation: keys.generation });
        }
        Ok((claims, &self.counters.verified))
    }
}

impl Reader for Shared {
    fn statement(&self, heartbeat: &str) -> Result<Statement, Fault> {
        let is_revoked = |kid: &str| self.revocations.contains(RevocationKind::Kid, kid);
        Statement::verify(heartbeat, &self.statements, &self.keys.current().set, is_revoked)
    }

    fn pending(&self, entry: &Entry) -> Option<Pending> {
        let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let kind = RevocationKind::named(&entry.kind)?;
        Some(self.revocations.pending(kind, &entry.value, entry.before.map(seconds), seconds(entry.until)))
    }
}

impl LastError {
    pub(crate) fn set(&self, error: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
