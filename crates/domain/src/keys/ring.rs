//! The keys in use, opened: what signs, what verifies, what is published.

use std::collections::BTreeMap;
use std::time::Duration;

use tokenry_jwt::{Algorithm, Jwk, KeyError, KeySet, SigningKey, VerifyingKey};

use super::{KeyRecord, KeyState, Purpose};
use crate::one_time::ONE_TIME;
use crate::random::Random;
use crate::seal::{MasterKey, SealError, Sealed};
use crate::time::Timestamp;
use crate::token::{ACCESS, REFRESH};

/// The keys of one moment. Replaced as a whole when a key changes its state.
#[derive(Debug)]
pub struct KeyRing {
    access: SigningKey,
    refresh: SigningKey,
    one_time: SigningKey,
    access_keys: KeySet,
    receipt_keys: KeySet,
    refresh_keys: KeySet,
    one_time_keys: KeySet,
    jwks: String,
    access_life: Duration,
    refresh_life: Duration,
    versions: BTreeMap<String, u64>,
}

/// The stored keys can't be used. Never answered by making new ones.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A private key does not open under this master key.
    #[error("the key {kid} can't be opened: {source}")]
    Sealed {
        /// The key.
        kid: String,
        /// Why.
        source: SealError,
    },
    /// A stored key is not one.
    #[error("the key {kid} is damaged: {source}")]
    Damaged {
        /// The key.
        kid: String,
        /// Why.
        source: KeyError,
    },
    /// No key of a purpose signs.
    #[error("no {} key signs", .0.name())]
    Missing(Purpose),
}

impl KeyRing {
    /// Opens `records` with the master key that sealed them.
    pub fn open(records: &[KeyRecord], master: &MasterKey) -> Result<Self, KeyRingError> {
        let mut access_keys = Vec::new();
        let mut receipt_keys = Vec::new();
        let mut refresh_keys = Vec::new();
        let mut one_time_keys = Vec::new();
        let mut published = Vec::new();
        let mut signing = BTreeMap::new();
        for record in records {
            let key = record.private.as_ref().map(|private| open(record, private, master)).transpose()?;
            let verifying = match (&key, &record.public) {
                (Some(key), _) => Some(key.verifying_key()),
                (None, Some(public)) => Some(public_key(record, public)?),
                (None, None) => None,
            };
            let Some(verifying) = verifying else { continue };
            match (record.purpose, record.state) {
                (Purpose::Access, KeyState::Gone) => receipt_keys.push(verifying),
                (Purpose::Access, _) => {
                    published.extend(verifying.to_jwk());
                    receipt_keys.push(verifying.clone());
                    access_keys.push(verifying);
                }
                (Purpose::Refresh | Purpose::OneTime, KeyState::Gone) => {}
                (Purpose::Refresh, _) => refresh_keys.push(verifying),
                (Purpose::OneTime, _) => one_time_keys.push(verifying),
            }
            if let (Some(key), KeyState::Signing) = (key, record.state) {
                signing.insert(record.purpose.name(), (key, record.token_life));
            }
        }
        let mut take = |purpose: Purpose| signing.remove(purpose.name()).ok_or(KeyRingError::Missing(purpose));
        let (access, access_life) = take(Purpose::Access)?;
        let (refresh, refresh_life) = take(Purpose::Refresh)?;
        let (one_time, _) = take(Purpose::OneTime)?;
        Ok(Self {
            access,
            refresh,
            one_time,
            access_life,
            refresh_life,
            access_keys: KeySet::from_iter(access_keys),
            receipt_keys: KeySet::from_iter(receipt_keys),
            refresh_keys: KeySet::from_iter(refresh_keys),
            one_time_keys: KeySet::from_iter(one_time_keys),
            jwks: jwks(&published),
            versions: versions(records),
        })
    }

    /// Whether every private key of `records` opens with this master key, whether or not they make a whole ring.
    pub fn check(records: &[KeyRecord], master: &MasterKey) -> Result<(), KeyRingError> {
        records.iter().try_for_each(|record| match &record.private {
            Some(private) => open(record, private, master).map(drop),
            None => Ok(()),
        })
    }

    /// What signs access tokens.
    pub fn access(&self) -> &SigningKey {
        &self.access
    }

    /// What signs refresh tokens.
    pub fn refresh(&self) -> &SigningKey {
        &self.refresh
    }

    /// What signs one-time tokens.
    pub fn one_time(&self) -> &SigningKey {
        &self.one_time
    }

    /// How long an access token that is signed now may live.
    pub fn access_life(&self) -> Duration {
        self.access_life
    }

    /// How long a refresh token that is signed now may live.
    pub fn refresh_life(&self) -> Duration {
        self.refresh_life
    }

    /// What access tokens are verified with.
    pub fn access_keys(&self) -> &KeySet {
        &self.access_keys
    }

    /// What an old access token is recognised with when it is shown beside a refresh token: keys that are gone too.
    pub fn receipt_keys(&self) -> &KeySet {
        &self.receipt_keys
    }

    /// What refresh tokens are verified with.
    pub fn refresh_keys(&self) -> &KeySet {
        &self.refresh_keys
    }

    /// What one-time tokens are verified with.
    pub fn one_time_keys(&self) -> &KeySet {
        &self.one_time_keys
    }

    /// The published keys as a JWK Set (RFC 7517 section 5).
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Whether a key of that name was among its records, whatever its state.
    pub fn knows(&self, kid: &str) -> bool {
        self.versions.contains_key(kid)
    }

    /// Whether the ring was made of these very records.
    pub fn is_of(&self, records: &[KeyRecord]) -> bool {
        self.versions == versions(records)
    }
}

impl KeyRecord {
    /// Makes a new key and seals it.
    pub fn generate(
        purpose: Purpose,
        algorithm: Algorithm,
        state: KeyState,
        token_life: Duration,
        master: &MasterKey,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Self, KeyRingError> {
        let damaged = |source| KeyRingError::Damaged { kid: format!("new {algorithm}"), source };
        let key = SigningKey::generate(algorithm).map_err(damaged)?;
        let kid = key.key_id().to_owned();
        let private = master
            .seal(&key.to_bytes(), &context(purpose, algorithm, &kid), random)
            .map_err(|source| KeyRingError::Sealed { kid: kid.clone(), source })?;
        let public = key.public_jwk().and_then(|jwk| serde_json::to_string(&jwk).ok());
        Ok(Self {
            kid,
            purpose,
            algorithm,
            state,
            public,
            private: Some(private),
            created_at: now,
            changed_at: now,
            token_life,
            token_life_since: now,
            version: 0,
        })
    }
}

impl KeyRecord {
    /// The same key, sealed under `new` instead of `old`.
    pub fn resealed(self, old: &MasterKey, new: &MasterKey, random: &dyn Random) -> Result<Self, KeyRingError> {
        let context = context(self.purpose, self.algorithm, &self.kid);
        let failed = |source| KeyRingError::Sealed { kid: self.kid.clone(), source };
        let reseal = |sealed: &Sealed| {
            let plain = old.open(sealed, &context).map_err(failed)?;
            new.seal(&plain, &context, random).map_err(failed)
        };
        let private = self.private.as_ref().map(reseal).transpose()?;
        Ok(Self { private, ..self })
    }
}

fn open(record: &KeyRecord, private: &Sealed, master: &MasterKey) -> Result<SigningKey, KeyRingError> {
    let bytes = master
        .open(private, &context(record.purpose, record.algorithm, &record.kid))
        .map_err(|source| KeyRingError::Sealed { kid: record.kid.clone(), source })?;
    let key = SigningKey::from_bytes(record.algorithm, &bytes).map_err(|source| damaged(record, source))?;
    Ok(key.with_key_id(record.kid.clone()).with_type(token_type(record.purpose)))
}

/// The `typ` of the tokens that a key of this purpose signs; one for access tokens signs those of the feed, too.
const fn token_type(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Access => ACCESS,
        Purpose::Refresh => REFRESH,
        Purpose::OneTime => ONE_TIME,
    }
}

fn public_key(record: &KeyRecord, public: &str) -> Result<VerifyingKey, KeyRingError> {
    let jwk: Jwk = serde_json::from_str(public)
        .map_err(|_| KeyRingError::Sealed { kid: record.kid.clone(), source: SealError::Broken })?;
    VerifyingKey::from_jwk(&jwk).map_err(|source| damaged(record, source))
}

fn damaged(record: &KeyRecord, source: KeyError) -> KeyRingError {
    KeyRingError::Damaged { kid: record.kid.clone(), source }
}

// Bound to the seal, so that no one who writes to the database can pass a refresh key off as an access key.
fn context(purpose: Purpose, algorithm: Algorithm, kid: &str) -> String {
    format!("tokenry key {} {} {kid}", purpose.name(), algorithm.name())
}

fn jwks(published: &[Jwk]) -> String {
    serde_json::json!({ "keys": published }).to_string()
}

fn versions(records: &[KeyRecord]) -> BTreeMap<String, u64> {
    records.iter().map(|record| (record.kid.clone(), record.version)).collect()
}
