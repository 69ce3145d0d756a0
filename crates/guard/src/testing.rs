//! An issuer inside a service's own tests: it mints any claims, and its guards need no server.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use tokenry_guard::testing::Issuer;
//!
//! let issuer = Issuer::new("orders");
//! let guard = issuer.guard();
//! let token = issuer.token("kimalo").scope("orders:read").role("clerk").claim("team", "north").sign();
//! let claims = guard.verify(&token).await?;
//! assert_eq!(claims.subject(), "kimalo");
//!
//! issuer.revoke_subject(&guard, "kimalo");
//! assert_eq!(guard.verify(&token).await.unwrap_err().code(), "token_revoked");
//! # Ok::<(), tokenry_guard::Refusal>(())
//! # }).unwrap();
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokenry_jwt::{Algorithm, KeySet, SigningKey};

pub use crate::revocations::Revocations;
use crate::{Builder, Clock, Freshness, Guard, RevocationKind};

/// An issuer with a key and a clock of its own.
pub struct Issuer {
    name: String,
    audience: String,
    key: SigningKey,
    clock: MovableClock,
    count: AtomicU64,
}

/// A token before it is signed. What is not said has ordinary values: an hour to live, a session of its own.
#[must_use]
pub struct TokenBuilder<'a> {
    issuer: &'a Issuer,
    claims: Map<String, Value>,
    typ: String,
}

/// A clock that stands still until it is moved. Clones are one clock.
#[derive(Clone)]
pub struct MovableClock(Arc<Times>);

struct Times {
    now: AtomicI64,
    elapsed: AtomicU64,
}

impl Issuer {
    /// An issuer of tokens for this audience. Its clock stands at the beginning of 2026.
    ///
    /// # Panics
    /// When the system gives no randomness.
    #[must_use]
    pub fn new(audience: &str) -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa);
        Self {
            name: "https://issuer.test".to_owned(),
            audience: audience.to_owned(),
            #[expect(clippy::expect_used, reason = "for tests only")]
            key: key.expect("randomness"),
            clock: MovableClock::at(1_767_225_600),
            count: AtomicU64::new(0),
        }
    }

    /// A guard that trusts this issuer, and knows all its revocations.
    ///
    /// # Panics
    /// Never, with the settings of this kit.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard_with(|builder| builder)
    }

    /// A guard with settings of its own.
    ///
    /// # Panics
    /// When the settings can't be used.
    #[must_use]
    pub fn guard_with(&self, change: impl FnOnce(Builder) -> Builder) -> Guard {
        let builder = Guard::builder(&self.name, &self.audience).clock(self.clock.clone());
        #[expect(clippy::expect_used, reason = "for tests only")]
        let guard = change(builder).with_keys(KeySet::from(self.key.verifying_key())).expect("usable settings");
        self.confirm(&guard);
        guard
    }

    /// Begins a token for this user.
    pub fn token(&self, subject: &str) -> TokenBuilder<'_> {
        let (now, count) = (self.clock.now(), self.count.fetch_add(1, Ordering::Relaxed));
        let claims = json!({
            "iss": self.name, "aud": self.audience, "sub": subject, "iat": now, "exp": now + 3600,
            "jti": format!("token-{count}"), "sid": format!("session-{count}"),
        });
        let claims = if let Value::Object(claims) = claims { claims } else { Map::new() };
        TokenBuilder { issuer: self, claims, typ: "at+jwt".to_owned() }
    }

    /// Ends a session: the guard refuses its tokens.
    pub fn revoke_session(&self, guard: &Guard, session: &str) {
        self.revoke(guard, RevocationKind::Sid, session);
    }

    /// Disables a user: the guard refuses tokens issued until now.
    pub fn revoke_subject(&self, guard: &Guard, subject: &str) {
        self.revoke(guard, RevocationKind::Sub, subject);
    }

    /// Revokes anything.
    pub fn revoke(&self, guard: &Guard, kind: RevocationKind, value: &str) {
        let now = self.clock.now();
        guard.shared().revocations.insert(kind, value, Some(now), now + 3670);
    }

    /// Tells the guard that it knows all revocations, as the feed does each second.
    pub fn confirm(&self, guard: &Guard) {
        let shared = guard.shared();
        shared.freshness.load();
        shared.freshness.hear(self.clock.now(), shared.clock.now(), shared.clock.elapsed());
        debug_assert_eq!(guard.status().freshness, Freshness::Fresh);
    }

    /// The clock of this issuer and of its guards.
    #[must_use]
    pub fn clock(&self) -> MovableClock {
        self.clock.clone()
    }

    /// `iss` of its tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that signs its tokens.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl TokenBuilder<'_> {
    /// Sets any claim, or replaces it; `null` removes it.
    ///
    /// # Panics
    /// When the value can't be JSON.
    pub fn claim(mut self, name: &str, value: impl Serialize) -> Self {
        #[expect(clippy::expect_used, reason = "for tests only")]
        match serde_json::to_value(value).expect("a JSON value") {
            Value::Null => self.claims.remove(name),
            value => self.claims.insert(name.to_owned(), value),
        };
        self
    }

    /// Adds a word to `scope`.
    pub fn scope(self, word: &str) -> Self {
        let scope = self.claims.get("scope").and_then(Value::as_str).map(|scope| format!("{scope} {word}"));
        self.claim("scope", scope.unwrap_or_else(|| word.to_owned()))
    }

    /// Adds a role.
    pub fn role(self, role: &str) -> Self {
        let mut roles = self.claims.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
        roles.push(role.into());
        self.claim("roles", roles)
    }

    /// Sets the session.
    pub fn session(self, id: &str) -> Self {
        self.claim("sid", id)
    }

    /// How many seconds it has to live; fewer than 0, and it is expired.
    pub fn expires_in(self, seconds: i64) -> Self {
        let now = self.issuer.clock.now();
        self.claim("exp", now + seconds)
    }

    /// Sets the header's `typ`, which is `at+jwt`.
    pub fn typ(mut self, typ: &str) -> Self {
        typ.clone_into(&mut self.typ);
        self
    }

    /// Signs it.
    ///
    /// # Panics
    /// When no token can have such claims, such as a date in milliseconds.
    #[must_use]
    pub fn sign(self) -> String {
        self.sign_with(&self.issuer.key)
    }

    /// Signs it with another key.
    ///
    /// # Panics
    /// As [`sign`](Self::sign).
    #[must_use]
    pub fn sign_with(&self, key: &SigningKey) -> String {
        #[expect(clippy::expect_used, reason = "for tests only")]
        key.sign(&self.typ, &self.claims).expect("claims that a token can have")
    }

    /// Signs it, as the value of an `Authorization` header.
    ///
    /// # Panics
    /// As [`sign`](Self::sign).
    #[must_use]
    pub fn bearer(self) -> String {
        format!("Bearer {}", self.sign())
    }
}

impl MovableClock {
    /// A clock that stands at this moment, in seconds since 1970.
    #[must_use]
    pub fn at(now: i64) -> Self {
        Self(Arc::new(Times { now: AtomicI64::new(now), elapsed: AtomicU64::new(1000) }))
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.elapsed.fetch_add(millis, Ordering::SeqCst);
        self.set_date(self.now() + i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    }

    /// Sets the date, back too, without time passing.
    pub fn set_date(&self, now: i64) {
        self.0.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> i64 {
        self.0.now.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.elapsed.load(Ordering::SeqCst))
    }
}
