use std::fmt;

use serde::{Deserialize, Serialize};

use crate::primitive::{Numbers, sha256};
use crate::secret::Secret;
use crate::{Algorithm, KeyError, base64url, json};

/// A public key as JSON (RFC 7517): EC P-256 and P-384, RSA, Ed25519 (RFC 8037), and ML-DSA (RFC 9964) with the
/// feature `ml-dsa`.
///
/// Private members (`d` and the like) are dropped on reading, unknown ones ignored. A key whose `use` or `key_ops`
/// excludes verifying is not read at all. A symmetric key (`oct`) is not a `Jwk`: see
/// [`VerifyingKey::from_secret_jwk`](crate::VerifyingKey::from_secret_jwk).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Jwk {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    numbers: Numbers,
}

impl Jwk {
    /// Reads one key.
    ///
    /// # Errors
    /// [`KeyError`] when `text` is not JSON with one reading, or not a supported public key.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        Self::from_json(check(text)?)
    }

    /// The key's name, `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's one algorithm: `alg`, or what the curve implies. An RSA key without `alg` has none.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Names the algorithm, for an RSA key that does not.
    ///
    /// # Errors
    /// [`KeyError::Mismatch`] when the key is of another type or says another algorithm, [`KeyError::TooShort`].
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self, KeyError> {
        if self.algorithm.is_some_and(|own| own != algorithm) {
            return Err(KeyError::Mismatch { algorithm });
        }
        self.numbers.check(algorithm)?;
        self.algorithm = Some(algorithm);
        Ok(self)
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.numbers)
    }

    pub(crate) fn new(kid: Option<&str>, algorithm: Algorithm, numbers: Numbers) -> Self {
        Self { kid: kid.map(Into::into), algorithm: Some(algorithm), numbers }
    }

    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// From a text that was checked.
    pub(crate) fn from_json(text: &str) -> Result<Self, KeyError> {
        let members: Members = serde_json::from_str(text).map_err(|_| KeyError::Malformed("JWK member"))?;
        members.try_into()
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).field("alg", &self.algorithm).finish_non_exhaustive()
    }
}

impl TryFrom<Members> for Jwk {
    type Error = KeyError;

    fn try_from(members: Members) -> Result<Self, KeyError> {
        if members.kty == "oct" {
            return Err(KeyError::Symmetric);
        }
        members.check_use()?;
        let crv = members.crv.as_deref();
        let numbers = match (members.kty.as_str(), crv) {
            ("EC", Some("P-256")) => Numbers::P256 { x: number(&members.x)?, y: number(&members.y)? },
            ("EC", Some("P-384")) => Numbers::P384 { x: number(&members.x)?, y: number(&members.y)? },
            ("OKP", Some("Ed25519")) => Numbers::Ed25519 { x: number(&members.x)? },
            #[cfg(feature = "ml-dsa")]
            ("AKP", _) => {
                let algorithm = members.alg.as_deref().ok_or(KeyError::NoAlgorithm)?.parse()?;
                Numbers::MlDsa { algorithm, key: number(&members.public)? }
            }
            ("RSA", _) => Numbers::Rsa { n: number(&members.n)?, e: number(&members.e)? },
            _ => return Err(KeyError::Unsupported),
        };
        let algorithm = match members.alg {
            Some(name) => Some(name.parse()?),
            None => numbers.implied(),
        };
        // Without alg, RSA is checked for its size only.
        numbers.check(algorithm.unwrap_or(Algorithm::Rs256))?;
        Ok(Self { kid: members.kid, algorithm, numbers })
    }
}

impl From<Jwk> for Members {
    fn from(jwk: Jwk) -> Self {
        let text = |bytes: Vec<u8>| Some(base64url::encode(&bytes));
        let mut members = Self {
            kid: jwk.kid,
            purpose: Some("sig".into()),
            alg: jwk.algorithm.map(|algorithm| algorithm.name().into()),
            ..Self::default()
        };
        let (kty, crv) = match jwk.numbers {
            Numbers::P256 { x, y } => {
                (members.x, members.y) = (text(x), text(y));
                ("EC", Some("P-256"))
            }
            Numbers::P384 { x, y } => {
                (members.x, members.y) = (text(x), text(y));
                ("EC", Some("P-384"))
            }
            Numbers::Ed25519 { x } => {
                members.x = text(x);
                ("OKP", Some("Ed25519"))
            }
            #[cfg(feature = "ml-dsa")]
            Numbers::MlDsa { key, .. } => {
                members.public = text(key);
                ("AKP", None)
            }
            Numbers::Rsa { n, e } => {
                (members.n, members.e) = (text(n), text(e));
                ("RSA", None)
            }
        };
        members.kty = kty.into();
        members.crv = crv.map(Into::into);
        members
    }
}

/// The members of a JWK that matter here (RFC 7517 section 4, RFC 7518 section 6).
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Members {
    kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing)]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[cfg(feature = "ml-dsa")]
    #[serde(rename = "pub", skip_serializing_if = "Option::is_none")]
    public: Option<String>,
}

impl Members {
    fn check_use(&self) -> Result<(), KeyError> {
        let signs = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let verifies = self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if signs && verifies { Ok(()) } else { Err(KeyError::NotForVerifying) }
    }
}

/// A symmetric JWK (RFC 7518 section 6.4): its name, algorithm and secret.
pub(crate) fn parse_secret(text: &[u8]) -> Result<(Option<String>, Algorithm, Secret), KeyError> {
    let text = check(text)?;
    let members: Members = serde_json::from_str(text).map_err(|_| KeyError::Malformed("JWK member"))?;
    if members.kty != "oct" {
        return Err(KeyError::Unsupported);
    }
    members.check_use()?;
    let algorithm = members.alg.as_deref().ok_or(KeyError::NoAlgorithm)?.parse()?;
    let k = json::member(text, "k").and_then(json::Value::text).ok_or(KeyError::Malformed("k"))?;
    let bytes = zeroize::Zeroizing::new(base64url::decode(&k).ok_or(KeyError::Malformed("k"))?);
    Ok((members.kid, algorithm, Secret::new(algorithm, &bytes)?))
}

/// RFC 7638 section 3: the required members in lexical order.
pub(crate) fn thumbprint(numbers: &Numbers) -> String {
    let text = |bytes: &[u8]| base64url::encode(bytes);
    let canonical = match numbers {
        Numbers::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y)),
        Numbers::P384 { x, y } => format!(r#"{{"crv":"P-384","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y)),
        Numbers::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
        // RFC 9964 section 6.
        #[cfg(feature = "ml-dsa")]
        Numbers::MlDsa { algorithm, key } => {
            format!(r#"{{"alg":"{algorithm}","kty":"AKP","pub":"{}"}}"#, text(key))
        }
        Numbers::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n)),
    };
    base64url::encode(&sha256(canonical.as_bytes()))
}

fn number(member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let text = member.as_deref().ok_or(KeyError::Malformed("JWK member missing"))?;
    base64url::decode(text).ok_or(KeyError::Malformed("JWK number"))
}

fn check(text: &[u8]) -> Result<&str, KeyError> {
    if text.len() > MAX_JWK {
        return Err(KeyError::TooLarge);
    }
    let text = std::str::from_utf8(text).map_err(|_| KeyError::Malformed("not UTF-8"))?;
    json::scan(text, |_, _| ()).map_err(KeyError::Malformed)?;
    Ok(text)
}

const MAX_JWK: usize = 32 * 1024;
