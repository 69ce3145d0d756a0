use std::sync::{Arc, PoisonError, RwLock};

use tokenry_jwt::{Algorithm, Genuine, Jwk, JwkSet, KeySet, Verifier, VerifyError};
use tokio::sync::Mutex;

use super::SocialError;
use super::peer::Peer;

/// A provider's keys as they were last fetched.
#[derive(Default)]
pub(super) struct Keys {
    held: RwLock<Option<Fetched>>,
    /// One at a time fetches. Whom the held keys will do does not wait for it.
    flight: Mutex<()>,
}

#[derive(Clone)]
struct Fetched {
    keys: Arc<KeySet>,
    at: i64,
}

/// Who shows a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownBy {
    /// The provider's own token endpoint: a key that is not known is a new one.
    Provider,
    /// Anyone: unknown keys are looked for now and then.
    Anyone,
}

impl Keys {
    /// What a token of the provider says, if the provider signed it; when, and for whom, is still to be judged.
    ///
    /// A key that is not known is looked for once, so that a rotation in the middle of a log-in does no harm.
    pub(super) async fn genuine(
        &self,
        at: &Peer,
        token: &str,
        shown_by: ShownBy,
        now: i64,
    ) -> Result<Genuine, SocialError> {
        let is_young = |fetched: &Fetched| (now - fetched.at).abs() < MOST_AGE;
        let fetched = self.get(at, now, is_young).await?;
        let mut verified = verify(at, token, &fetched.keys);
        if matches!(verified, Err(VerifyError::UnknownKey { .. })) {
            let is_new = |found: &Fetched| {
                let is_other = !Arc::ptr_eq(&found.keys, &fetched.keys);
                is_other || shown_by == ShownBy::Anyone && (now - found.at).abs() < REFETCH
            };
            verified = verify(at, token, &self.get(at, now, is_new).await?.keys);
        }
        verified.map_err(|error| SocialError::Token(error.to_string()))
    }

    /// The keys that are at hand if they will do, else new ones: those that wait find what the first has found.
    async fn get(&self, at: &Peer, now: i64, will_do: impl Fn(&Fetched) -> bool) -> Result<Fetched, SocialError> {
        let held = || {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            held.as_ref().filter(|fetched| will_do(fetched)).cloned()
        };
        if let Some(fetched) = held() {
            return Ok(fetched);
        }
        let _flight = self.flight.lock().await;
        if let Some(fetched) = held() {
            return Ok(fetched);
        }
        let url = at.endpoints().await?.jwks.as_ref();
        let url = url.ok_or_else(|| SocialError::BadAnswer("it publishes no keys".to_owned()))?;
        let set = JwkSet::parse(&at.client.fetch(url).await?);
        let set = set.map_err(|error| SocialError::BadAnswer(format!("its key set: {error}")))?;
        let keys = Arc::new(KeySet::from(JwkSet { keys: set.keys.into_iter().map(named).collect() }));
        let fetched = Fetched { keys, at: now };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched.clone());
        Ok(fetched)
    }
}

/// An RSA key that names no algorithm is for the one that every provider has (OpenID Connect Core section 15.1).
fn named(key: Jwk) -> Jwk {
    if key.algorithm().is_some() { key } else { key.clone().with_algorithm(Algorithm::Rs256).unwrap_or(key) }
}

/// An ID token may name its type or not (RFC 7519 section 5.1); it is never an access token.
fn verify(at: &Peer, token: &str, keys: &KeySet) -> Result<Genuine, VerifyError> {
    let verifier = |typ| Verifier::new(&at.issuer, [&at.client_id]).typ(typ);
    match verifier("JWT").verify_genuine(token, keys) {
        Err(VerifyError::Type { .. }) => verifier("").verify_genuine(token, keys),
        verified => verified,
    }
}

/// How long keys are believed without asking again, in seconds: one that was withdrawn is gone by then.
const MOST_AGE: i64 = 3600;
/// How often strangers can make us ask, in seconds.
const REFETCH: i64 = 10;
