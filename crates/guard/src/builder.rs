use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokenry_jwt::{Algorithm, JwkSet, KeyError, KeySet, Verifier, VerifyingKey};

use crate::background::{Background, Tasks};
use crate::cache::TokenCache;
use crate::clock::SystemClock;
use crate::feed::{FreshnessState, Statement};
use crate::issuer::Issuer;
use crate::keys::{Keys, KeysFile};
use crate::policy::Policies;
use crate::revocations::Revocations;
use crate::shared::Shared;
use crate::{Clock, Guard, Policy};

/// The settings of a [`Guard`]; each has a default that suits most services.
pub struct Builder {
    issuer: String,
    audiences: Vec<String>,
    leeway: u32,
    policies: Policies,
    lease: Duration,
    skew: Duration,
    cache: usize,
    refetch: Duration,
    patience: Duration,
    silence: Duration,
    most_revocations: usize,
    feed: bool,
    feed_token: Option<String>,
    keys_file: Option<PathBuf>,
    allow_http: bool,
    clock: Box<dyn Clock>,
}

/// Why there can be no such guard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The issuer's address can't be used.
    #[error("the issuer can't be used: {0}")]
    Issuer(&'static str),
    /// The audience is empty.
    #[error("the audience is empty")]
    Audience,
    /// A key, a key set or the leeway can't be used.
    #[error("the keys can't be used: {0}")]
    Keys(#[from] KeyError),
    /// The token of the revocation feed can't stand in a header.
    #[error("the token of the revocation feed can't stand in a header")]
    FeedToken,
    /// The file with the keys can't be read.
    #[error("{path} can't be read: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// There is no Tokio runtime to work in.
    #[error("a guard connects within a Tokio runtime")]
    NoRuntime,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}

impl Builder {
    pub(crate) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audiences: vec![audience],
            leeway: 0,
            policies: Policies::default(),
            lease: LEASE,
            skew: SKEW,
            cache: CACHE,
            refetch: REFETCH,
            patience: PATIENCE,
            silence: SILENCE,
            most_revocations: MOST_REVOCATIONS,
            feed: true,
            feed_token: None,
            keys_file: None,
            allow_http: false,
            clock: Box::new(SystemClock::start()),
        }
    }

    /// Accepts tokens for this audience, too.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How many seconds the issuer's clock may differ, in `exp` and `nbf`: 0, at most 60.
    #[must_use]
    pub fn leeway(mut self, seconds: u32) -> Self {
        self.leeway = seconds;
        self
    }

    /// What happens while revocations are [stale](crate::Freshness::Stale): by default, tokens are accepted.
    #[must_use]
    pub fn when_stale(mut self, policy: Policy) -> Self {
        self.policies.stale = policy;
        self
    }

    /// What happens while revocations are [cold](crate::Freshness::Cold): by default, tokens are accepted.
    #[must_use]
    pub fn when_cold(mut self, policy: Policy) -> Self {
        self.policies.cold = policy;
        self
    }

    /// For how long a signed statement of the feed keeps the guard fresh: 5 s. The feed makes one each second.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How far the dates of issuer and service may be apart for a statement of the feed to count: 30 s.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// How much memory verified tokens may take, in bytes: 4 MiB, which is about 3,500 tokens; 0 turns the cache off.
    ///
    /// A token of a shared secret is kept when it comes for the second time: to keep it takes longer than to verify it.
    #[must_use]
    pub fn cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// How often tokens of unknown keys may cause a fetch of the issuer's keys: every 10 s.
    #[must_use]
    pub fn refetch_interval(mut self, interval: Duration) -> Self {
        self.refetch = interval;
        self
    }

    /// How long [`connect`](Self::connect) waits for an issuer that does not answer: 5 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long the feed may say nothing before the guard connects anew: 5 s.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// The most revocations that are loaded at once: 5,000,000. A feed with more of them is not followed.
    #[must_use]
    pub fn most_revocations(mut self, most: usize) -> Self {
        self.most_revocations = most;
        self
    }

    /// Does not follow the revocation feed: tokens are good until their `exp`.
    #[must_use]
    pub fn without_feed(mut self) -> Self {
        self.feed = false;
        self
    }

    /// The token that the issuer demands of those who follow its feed.
    #[must_use]
    pub fn feed_token(mut self, token: impl Into<String>) -> Self {
        self.feed_token = Some(token.into());
        self
    }

    /// Remembers the issuer's keys in this file, so that the service can start while the issuer is down.
    ///
    /// Whoever can write the file decides which tokens are trusted until the issuer answers again.
    #[must_use]
    pub fn keys_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys_file = Some(path.into());
        self
    }

    /// Lets an `http` issuer be on another machine. Whoever sits in between can then forge every token.
    #[must_use]
    pub fn insecure_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// A guard that follows its issuer: see [`Guard::connect`].
    ///
    /// # Errors
    /// [`ConnectError`] when it can never work.
    pub async fn connect(self) -> Result<Guard, ConnectError> {
        tokio::runtime::Handle::try_current().map_err(|_| ConnectError::NoRuntime)?;
        let issuer = Issuer::new(&self.issuer, self.feed_token.as_deref(), self.allow_http)?;
        let (policies, patience, feed) = (self.policies, self.patience, self.feed);
        let (file, limits) = (self.keys_file.clone().map(KeysFile::new), (self.most_revocations, self.silence));
        let shared = Arc::new(self.shared()?);
        let background = Background::new(Arc::clone(&shared), issuer, file, limits);
        let mut first = background.first_round();
        let guard = Guard::new(shared, policies, Some(Tasks::spawn(background, feed)));
        // An issuer that does not answer is no reason not to start.
        let _ = tokio::time::timeout(patience, first.wait_for(|is_over| *is_over)).await;
        Ok(guard)
    }

    /// A guard with these keys and no others, which never asks anyone.
    ///
    /// # Errors
    /// [`ConnectError`] when there is no key, or a setting can't be used.
    pub fn with_keys(self, keys: impl Into<KeySet>) -> Result<Guard, ConnectError> {
        let (keys, policies) = (keys.into(), self.policies);
        if keys.is_empty() {
            return Err(KeyError::Malformed("no key in it can be used").into());
        }
        let shared = self.shared()?;
        shared.keys.set(keys, String::new());
        Ok(Guard::new(Arc::new(shared), policies, None))
    }

    /// A guard with the keys of this JWKS (RFC 7517), which never asks anyone.
    ///
    /// # Errors
    /// [`ConnectError`] when the set can't be used.
    pub fn with_jwks(self, json: &[u8]) -> Result<Guard, ConnectError> {
        self.with_keys(JwkSet::parse(json)?)
    }

    /// A guard with the keys of a JWKS in a file, which is read once.
    ///
    /// # Errors
    /// [`ConnectError`] when the file can't be read or the set can't be used.
    pub fn with_jwks_file(self, path: impl Into<PathBuf>) -> Result<Guard, ConnectError> {
        let path = path.into();
        let json = std::fs::read(&path).map_err(|error| ConnectError::File { path, error })?;
        self.with_jwks(&json)
    }

    /// A guard for tokens that are signed with a shared secret.
    ///
    /// # Errors
    /// [`ConnectError`] when the secret is too short, or the algorithm takes none.
    pub fn with_secret(self, algorithm: Algorithm, secret: &[u8]) -> Result<Guard, ConnectError> {
        self.with_keys(VerifyingKey::from_secret(algorithm, secret)?)
    }

    fn shared(self) -> Result<Shared, ConnectError> {
        if self.audiences.iter().any(String::is_empty) {
            return Err(ConnectError::Audience);
        }
        Ok(Shared {
            verifier: Verifier::new(&self.issuer, self.audiences).leeway(self.leeway)?,
            leeway: i64::from(self.leeway),
            statements: Statement::verifier(&self.issuer),
            keys: Keys::new(self.refetch),
            revocations: Revocations::new(),
            freshness: FreshnessState::new(self.lease, self.skew),
            cache: (self.cache > 0).then(|| TokenCache::new(self.cache)),
            clock: self.clock,
            counters: Default::default(),
            keys_error: Default::default(),
            feed_error: Default::default(),
        })
    }
}

const LEASE: Duration = Duration::from_secs(5);
const SKEW: Duration = Duration::from_secs(30);
const CACHE: usize = 4 << 20;
const REFETCH: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(5);
const MOST_REVOCATIONS: usize = 5_000_000;
