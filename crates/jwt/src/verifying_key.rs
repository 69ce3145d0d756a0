use std::fmt;
use std::sync::Arc;

use crate::primitive::{Numbers, Verifying};
use crate::secret::Secret;
use crate::{Algorithm, Jwk, KeyError, pem};
use crate::{header, jwk};

/// A key that verifies with its one algorithm. Cloning is cheap.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    kid: Option<String>,
    numbers: Option<Numbers>,
    verifying: Verifying,
    usual: Usual,
}

/// The tokens that the key's other half mostly signs: whoever compares their header need not read it.
struct Usual {
    typ: String,
    /// Encoded.
    header: String,
}

impl Inner {
    fn new(
        algorithm: Algorithm,
        kid: Option<String>,
        numbers: Option<Numbers>,
        verifying: Verifying,
        typ: &str,
    ) -> Self {
        // An empty name is none.
        let kid = kid.filter(|kid| !kid.is_empty());
        let usual = Usual { typ: typ.into(), header: header::encode(algorithm, kid.as_deref(), typ) };
        let verifying = verifying.expecting(usual.header.as_bytes());
        Self { algorithm, kid, numbers, verifying, usual }
    }
}

impl VerifyingKey {
    /// From a JWK, with its `kid`.
    ///
    /// # Errors
    /// [`KeyError::NoAlgorithm`] for an RSA key without `alg` (see [`Jwk::with_algorithm`]), [`KeyError::Malformed`]
    /// when the numbers are no public key, such as a point off the curve.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let algorithm = jwk.algorithm().ok_or(KeyError::NoAlgorithm)?;
        Self::from_numbers(algorithm, jwk.key_id().map(Into::into), jwk.numbers().clone())
    }

    /// From a shared secret, without `kid`.
    ///
    /// # Errors
    /// [`KeyError::TooShort`] below the hash's length (RFC 7518 section 3.2), [`KeyError::Mismatch`] when
    /// `algorithm` is not symmetric.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::from_prepared(algorithm, None, Secret::new(algorithm, secret)?))
    }

    /// From a symmetric JWK (`"kty":"oct"`), which must name its `alg`.
    ///
    /// # Errors
    /// [`KeyError::NoAlgorithm`], [`KeyError::TooShort`], or [`KeyError::Malformed`].
    pub fn from_secret_jwk(json: &[u8]) -> Result<Self, KeyError> {
        let (kid, algorithm, secret) = jwk::parse_secret(json)?;
        Ok(Self::from_prepared(algorithm, kid, secret))
    }

    /// From a PEM block `PUBLIC KEY` (RFC 7468 section 13), without `kid`.
    ///
    /// # Errors
    /// As [`from_spki`](Self::from_spki).
    pub fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match pem::parse(text)? {
            ("PUBLIC KEY", der) => Self::from_spki(algorithm, &der),
            _ => Err(KeyError::Malformed("not a PEM PUBLIC KEY")),
        }
    }

    /// From a SubjectPublicKeyInfo in DER (RFC 5280 section 4.1), without `kid`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when it is not a key of the algorithm's type, [`KeyError::TooShort`] for RSA below
    /// 2048 bits, [`KeyError::Mismatch`] for a symmetric algorithm.
    pub fn from_spki(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_numbers(algorithm, None, Numbers::from_spki(algorithm, der)?)
    }

    /// The same key under the name `kid`; an empty name is none.
    #[must_use]
    pub fn with_key_id(self, kid: impl Into<String>) -> Self {
        let Inner { algorithm, numbers, verifying, usual, .. } = &*self.0;
        let (kid, verifying) = (Some(kid.into()), verifying.clone());
        Self(Arc::new(Inner::new(*algorithm, kid, numbers.clone(), verifying, &usual.typ)))
    }

    /// The same key, of an issuer that signs tokens of this `typ` with it, and not access tokens as most do. It makes
    /// them faster to verify; what verifies stays the same.
    #[must_use]
    pub fn with_type(self, typ: &str) -> Self {
        let Inner { algorithm, kid, numbers, verifying, .. } = &*self.0;
        Self(Arc::new(Inner::new(*algorithm, kid.clone(), numbers.clone(), verifying.clone(), typ)))
    }

    /// The key's one algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The key's name, `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The key as JSON; `None` for a shared secret, which is never published.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Jwk> {
        let numbers = self.0.numbers.clone()?;
        Some(Jwk::new(self.key_id(), self.0.algorithm, numbers))
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638); `None` for a shared secret, whose hash is a secret too.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        self.0.numbers.as_ref().map(jwk::thumbprint)
    }

    pub(crate) fn from_numbers(algorithm: Algorithm, kid: Option<String>, numbers: Numbers) -> Result<Self, KeyError> {
        let verifying = Verifying::public(algorithm, &numbers)?;
        Ok(Self(Arc::new(Inner::new(algorithm, kid, Some(numbers), verifying, header::ACCESS))))
    }

    pub(crate) fn from_prepared(algorithm: Algorithm, kid: Option<String>, secret: Secret) -> Self {
        Self(Arc::new(Inner::new(algorithm, kid, None, Verifying::Secret(secret), header::ACCESS)))
    }

    /// The encoded header of the key's tokens of that type, if these are its usual ones.
    pub(crate) fn usual_header(&self, typ: &str) -> Option<&str> {
        let Usual { typ: own, header } = &self.0.usual;
        (own == typ).then_some(header)
    }

    /// The tag of `message`; `None` when this is no shared secret.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.0.verifying.sign(message)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verifying.verify(message, signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.0.algorithm)
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}
