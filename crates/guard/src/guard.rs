use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderMap;
use tokenry_jwt::VerifyError;
use tokio::sync::watch;

use crate::background::Tasks;
use crate::keys::{Asker, Fetches};
use crate::policy::Policies;
use crate::shared::Shared;
use crate::{Builder, Claims, ConnectError, Freshness, GuardLayer, Metrics, Refusal, Status, authorization};

/// Knows which tokens to trust: those of one issuer, made for one service, and not revoked.
///
/// Cloning is cheap, and all clones are one guard. What it does in the background ends with the last of them.
#[derive(Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    policies: Policies,
    /// `None`: this guard never asks anyone.
    tasks: Option<Tasks>,
}

/// What is to be done about a token.
pub(crate) enum Verdict {
    Known(Result<tokenry_jwt::Claims, Refusal>),
    /// Its key may have been published a moment ago: worth waiting for the fetch that is under way.
    AfterFetch(watch::Receiver<Fetches>),
}

impl Guard {
    /// A guard for tokens that `issuer` makes for `audience`, with the issuer's keys and revocations loaded.
    ///
    /// While the issuer can't be reached, the guard begins without them and goes on trying: see
    /// [`is_ready`](Self::is_ready) and [`status`](Self::status). Call it within a Tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`] when it can never work, such as an `http` issuer that is not on this machine.
    pub async fn connect(issuer: &str, audience: &str) -> Result<Self, ConnectError> {
        Self::builder(issuer, audience).connect().await
    }

    /// A guard with settings of its own.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> Builder {
        Builder::new(issuer.into(), audience.into())
    }

    /// A layer that finds out who calls.
    ///
    /// It refuses tokens that are not good. A request without a token goes on as anonymous, unless the layer is
    /// [`required`](GuardLayer::required).
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone(), self.inner.policies)
    }

    /// Verifies a token.
    ///
    /// It waits only for a token of a key that is not known yet: two seconds at most, and only if the guard may ask its
    /// issuer again.
    ///
    /// # Errors
    /// [`Refusal`], why the token must not be trusted.
    pub async fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let result = match self.begin(token, self.inner.policies) {
            Verdict::Known(result) => result,
            Verdict::AfterFetch(fetch) => self.finish(token, self.inner.policies, fetch).await,
        };
        self.note(result).map(Claims::from)
    }

    /// Verifies a token by what is known now, without ever waiting. A key that is not known is asked for in the
    /// background.
    ///
    /// # Errors
    /// [`Refusal`], why the token must not be trusted.
    pub fn verify_now(&self, token: &str) -> Result<Claims, Refusal> {
        let result = match self.begin(token, self.inner.policies) {
            Verdict::Known(result) => result,
            Verdict::AfterFetch(_) => self.inner.shared.judge(token, self.inner.policies),
        };
        self.note(result).map(Claims::from)
    }

    /// Verifies the bearer token of a request; `None` when it has no `Authorization` header.
    ///
    /// # Errors
    /// [`Refusal`], also for a header that can't be read. A token elsewhere, such as in the query, is not looked at.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        match self.note(authorization::bearer(headers))? {
            Some(token) => self.verify(token).await.map(Some),
            None => Ok(None),
        }
    }

    /// Waits until keys and revocations are loaded.
    pub async fn ready(&self) {
        while !self.is_ready() {
            tokio::time::sleep(READY_POLL).await;
        }
    }

    /// Whether keys are known, and revocations loaded if the issuer is asked for them.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let status = self.status();
        let follows = self.inner.tasks.as_ref().is_some_and(Tasks::follow_feed);
        status.keys > 0 && (!follows || status.freshness != Freshness::Cold)
    }

    /// How the guard is.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.inner.shared;
        let elapsed = shared.clock.elapsed();
        Status {
            freshness: shared.freshness.now(elapsed),
            feed_age: shared.freshness.age(elapsed),
            revocations: shared.revocations.len(),
            keys: shared.keys.current().set.len(),
            keys_age: shared.keys.age(elapsed),
            keys_error: shared.keys_error.text(),
            feed_error: shared.feed_error.text(),
        }
    }

    /// What the guard has counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let shared = &self.inner.shared;
        let (counters, fetches) = (&shared.counters, shared.keys.fetches());
        let cache_hits = counters.hits.load(Ordering::Relaxed);
        let (cached_tokens, cached_bytes) = shared.cache.as_ref().map(|cache| cache.size()).unwrap_or_default();
        Metrics {
            accepted: cache_hits + counters.verified.load(Ordering::Relaxed),
            cache_hits,
            refused: counters.refused(),
            cached_tokens,
            cached_bytes,
            key_fetches: fetches.ended,
            key_fetches_failed: fetches.failed,
            snapshots: counters.snapshots.load(Ordering::Relaxed),
            feed_connections: counters.connections.load(Ordering::Relaxed),
            feed_faults: counters.faults.load(Ordering::Relaxed),
            feed_wrong_times: counters.wrong_times.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn new(shared: Arc<Shared>, policies: Policies, tasks: Option<Tasks>) -> Self {
        Self { inner: Arc::new(Inner { shared, policies, tasks }) }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Judges a token without waiting.
    pub(crate) fn begin(&self, token: &str, policies: Policies) -> Verdict {
        let shared = &self.inner.shared;
        let result = shared.judge(token, policies);
        let is_unknown = matches!(result, Err(Refusal::Token(VerifyError::UnknownKey { kid: Some(_) })));
        if is_unknown
            && self.inner.tasks.is_some()
            && let Some(fetch) = shared.keys.ask(Asker::Token, shared.clock.elapsed())
        {
            return Verdict::AfterFetch(fetch);
        }
        Verdict::Known(result)
    }

    /// Judges a token again when the fetch has ended.
    pub(crate) fn finish(
        &self,
        token: &str,
        policies: Policies,
        mut fetch: watch::Receiver<Fetches>,
    ) -> impl Future<Output = Result<tokenry_jwt::Claims, Refusal>> + Send + use<> {
        let (shared, token) = (Arc::clone(&self.inner.shared), token.to_owned());
        async move {
            // Whether it ended, failed or took too long: what is known then counts.
            let _ = tokio::time::timeout(KEY_PATIENCE, fetch.changed()).await;
            shared.judge(&token, policies)
        }
    }

    /// Counts a refusal.
    pub(crate) fn note<T>(&self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        result.inspect_err(|refusal| self.inner.shared.counters.refuse(refusal))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// How long a request may wait for a key.
const KEY_PATIENCE: Duration = Duration::from_secs(2);
const READY_POLL: Duration = Duration::from_millis(20);
