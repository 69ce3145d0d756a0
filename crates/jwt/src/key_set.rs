use crate::error::excerpt;
use crate::header::Header;
use crate::{Algorithm, JwkSet, VerifyError, VerifyingKey};

/// The keys a verifier looks up in.
///
/// A token with `kid` is verified with the key of that name; a token without, with the only key of its algorithm. A
/// set of one key without a name (a shared secret) takes any `kid`.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// The key of that name.
    #[must_use]
    pub fn key(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.key_id() == Some(kid))
    }

    /// The keys, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The named key whose usual tokens, if they are of this type, start with this encoded header.
    pub(crate) fn signer(&self, header: &str, typ: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.key_id().is_some() && key.usual_header(typ) == Some(header))
    }

    /// The one key that must have signed a token with this header.
    pub(crate) fn lookup(&self, header: &Header<'_>) -> Result<&VerifyingKey, VerifyError> {
        let algorithm = Algorithm::named(&header.alg);
        let key = match (header.kid.as_deref(), self.keys.as_slice()) {
            (Some(_), [only]) if only.key_id().is_none() => Some(only),
            (Some(kid), _) => self.key(kid),
            (None, keys) => {
                let mut fitting = keys.iter().filter(|key| Some(key.algorithm()) == algorithm);
                fitting.next().filter(|_| fitting.next().is_none())
            }
        };
        match key {
            Some(key) if algorithm == Some(key.algorithm()) => Ok(key),
            None if algorithm.is_some() => Err(VerifyError::UnknownKey { kid: header.kid.as_deref().map(excerpt) }),
            _ => Err(VerifyError::Algorithm { token: excerpt(&header.alg) }),
        }
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self { keys: vec![key] }
    }
}

impl FromIterator<VerifyingKey> for KeySet {
    /// Of two keys with one `kid` the first stays.
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        let mut set = Self::default();
        for key in keys {
            if key.key_id().is_none_or(|kid| set.key(kid).is_none()) {
                set.keys.push(key);
            }
        }
        set
    }
}

impl From<&JwkSet> for KeySet {
    /// Keys that can't verify here, such as an RSA key that names no algorithm, are left out.
    fn from(set: &JwkSet) -> Self {
        set.keys.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok()).collect()
    }
}

impl From<JwkSet> for KeySet {
    fn from(set: JwkSet) -> Self {
        Self::from(&set)
    }
}
