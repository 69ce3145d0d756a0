use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::primitive::{KeyPair, random};
use crate::verifier::MAX_TOKEN;
use crate::{Algorithm, Jwk, KeyError, SignError, VerifyingKey};
use crate::{base64url, header, jwk, payload, pem};

/// A key that signs with its one algorithm: a private key or a shared secret.
///
/// Erased from memory when dropped; its `Debug` shows no secret.
pub struct SigningKey {
    /// `None` for a shared secret: who can verify can sign.
    pair: Option<KeyPair>,
    bytes: Zeroizing<Vec<u8>>,
    /// Knows the key's algorithm and name, too.
    verifying: VerifyingKey,
}

impl SigningKey {
    /// A new random key; RSA has 2048 bits.
    ///
    /// Its `kid` is the thumbprint (RFC 7638), or random for a shared secret.
    ///
    /// # Errors
    /// [`KeyError::Generate`] when the system gives no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let length = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => return Self::asymmetric(algorithm, KeyPair::generate(algorithm)?),
        };
        let kid = base64url::encode(&random(16)?);
        Ok(Self::from_secret(algorithm, &random(length)?)?.with_key_id(kid))
    }

    /// From a shared secret, without `kid` (a hash of the secret would tell of it).
    ///
    /// # Errors
    /// [`KeyError::TooShort`] below the hash's length (RFC 7518 section 3.2), [`KeyError::Mismatch`] when
    /// `algorithm` is not symmetric.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::from_secret(algorithm, secret)?;
        Ok(Self { pair: None, bytes: Zeroizing::new(secret.to_vec()), verifying })
    }

    /// From PKCS#8 in DER (RFC 5958); its `kid` is the thumbprint.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when it is not a key of the algorithm's type, [`KeyError::TooShort`] for RSA below
    /// 2048 bits, [`KeyError::Mismatch`] for a symmetric algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::asymmetric(algorithm, KeyPair::pkcs8(algorithm, der)?)
    }

    /// From a PEM block `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`; its `kid` is the thumbprint.
    ///
    /// # Errors
    /// As [`from_pkcs8`](Self::from_pkcs8).
    pub fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match pem::parse(text)? {
            ("PRIVATE KEY", der) => Self::from_pkcs8(algorithm, &der),
            ("RSA PRIVATE KEY" | "EC PRIVATE KEY", der) => {
                Self::asymmetric(algorithm, KeyPair::traditional(algorithm, &der)?)
            }
            _ => Err(KeyError::Malformed("not a PEM PRIVATE KEY")),
        }
    }

    /// The inverse of [`to_bytes`](Self::to_bytes), but for the `kid`.
    ///
    /// # Errors
    /// As [`from_secret`](Self::from_secret) and [`from_pkcs8`](Self::from_pkcs8).
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Self::from_secret(algorithm, bytes);
        }
        Self::from_pkcs8(algorithm, bytes)
    }

    /// The secret itself, or PKCS#8 in DER. Whoever has it can sign.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.bytes.clone()
    }

    /// The same key under the name `kid`; an empty name is none.
    #[must_use]
    pub fn with_key_id(mut self, kid: impl Into<String>) -> Self {
        self.verifying = self.verifying.with_key_id(kid);
        self
    }

    /// The same key, for tokens of this `typ`, and not access tokens as most are for. It makes them faster to sign and to
    /// verify; what is signed stays the same.
    #[must_use]
    pub fn with_type(mut self, typ: &str) -> Self {
        self.verifying = self.verifying.with_type(typ);
        self
    }

    /// The key's name, `kid`; empty when it has none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.verifying.key_id().unwrap_or_default()
    }

    /// The key's one algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The key that verifies what this one signs, under the same `kid`.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// The public half as JSON; `None` for a shared secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        self.verifying.to_jwk()
    }

    /// Signs `claims` as a compact JWS with the header `{alg, kid, typ}` (RFC 7515 section 7.1).
    ///
    /// # Errors
    /// [`SignError::Claims`] when `claims` is not a JSON object with one reading, [`SignError::Milliseconds`] for a
    /// date above 10^11, [`SignError::TooLarge`] for a token that no verifier here would take.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let mut json = Vec::with_capacity(USUAL_CLAIMS);
        serde_json::to_writer(&mut json, claims).map_err(|_| SignError::Claims("not serialisable"))?;
        let claims = std::str::from_utf8(&json).map_err(|_| SignError::Claims("not UTF-8"))?;
        payload::check(claims)?;
        let header = match self.verifying.usual_header(typ) {
            Some(header) => Cow::Borrowed(header),
            None => Cow::Owned(header::encode(self.algorithm(), self.verifying.key_id(), typ)),
        };
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 400);
        token.push_str(&header);
        token.push('.');
        base64url::encode_to(claims.as_bytes(), &mut token);
        let signature = match &self.pair {
            Some(pair) => pair.sign(self.algorithm(), token.as_bytes()),
            None => self.verifying.sign(token.as_bytes()),
        }
        .ok_or(SignError::Key)?;
        token.push('.');
        base64url::encode_to(&signature, &mut token);
        if token.len() > MAX_TOKEN {
            return Err(SignError::TooLarge);
        }
        Ok(token)
    }

    fn asymmetric(algorithm: Algorithm, pair: KeyPair) -> Result<Self, KeyError> {
        let numbers = pair.numbers().ok_or(KeyError::Unsupported)?;
        let kid = jwk::thumbprint(&numbers);
        Ok(Self {
            verifying: VerifyingKey::from_numbers(algorithm, Some(kid), numbers)?,
            bytes: pair.to_pkcs8()?,
            pair: Some(pair),
        })
    }
}

/// What most claims have room in, in bytes.
const USUAL_CLAIMS: usize = 512;

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, kid) = (self.algorithm(), self.key_id());
        f.debug_struct("SigningKey").field("algorithm", &algorithm).field("kid", &kid).finish_non_exhaustive()
    }
}
