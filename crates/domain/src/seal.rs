//! Private keys at rest: sealed with AES-256-GCM under the master key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{self, NoEntropy, Random};

/// The key that all private keys are sealed under: 32 bytes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

/// Sealed bytes: a random nonce, then ciphertext and tag. Safe to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// Why sealing, or opening a seal, failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text of a master key is not 32 bytes in base64url.
    #[error("a master key is 32 bytes in base64url without padding (43 characters)")]
    Malformed,
    /// Another master key sealed it, or it was altered.
    #[error("sealed under another master key, or damaged")]
    Broken,
    /// The system's random source failed.
    #[error("the system's random source failed")]
    NoEntropy,
}

impl MasterKey {
    /// A new master key.
    pub fn generate(random: &dyn Random) -> Result<Self, NoEntropy> {
        Ok(Self(random::bytes(random)?))
    }

    /// Reads a master key from text: base64url without padding.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Malformed)?);
        Ok(Self(bytes.as_slice().try_into().map_err(|_| SealError::Malformed)?))
    }

    /// The text that [`MasterKey::parse`] reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Seals `plain`, bound to `context`: it opens under the same context only.
    pub fn seal(&self, plain: &[u8], context: &str, random: &dyn Random) -> Result<Sealed, SealError> {
        let nonce: [u8; NONCE_LEN] = random::bytes(random).map_err(|_| SealError::NoEntropy)?;
        let mut body = plain.to_vec();
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .map_err(|_| SealError::Broken)?;
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(Sealed(sealed))
    }

    /// Opens what [`MasterKey::seal`] made under the same key and context.
    pub fn open(&self, sealed: &Sealed, context: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, body) = sealed.0.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Broken)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut body)
            .map_err(|_| SealError::Broken)?
            .len();
        body[length..].zeroize();
        body.truncate(length);
        Ok(body)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| SealError::Malformed)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

impl Sealed {
    /// The sealed bytes, as a store kept them.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_under_the_same_key_and_context_only() {
        let random = random::System::new();
        let key = MasterKey::generate(&random).unwrap();
        let sealed = key.seal(b"private", "key 1", &random).unwrap();
        assert_eq!(key.open(&sealed, "key 1").unwrap().as_slice(), b"private");
        assert_eq!(key.open(&sealed, "key 2"), Err(SealError::Broken));
        let other = MasterKey::generate(&random).unwrap();
        assert_eq!(other.open(&sealed, "key 1"), Err(SealError::Broken));
        for at in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[at] ^= 1;
            assert_eq!(key.open(&altered, "key 1"), Err(SealError::Broken));
        }
        assert_eq!(key.open(&Sealed(vec![1, 2]), "key 1"), Err(SealError::Broken));
    }

    #[test]
    fn a_master_key_is_43_characters_of_base64url() {
        let key = MasterKey::generate(&random::System::new()).unwrap();
        assert_eq!(key.to_text().len(), 43);
        assert_eq!(*MasterKey::parse(&key.to_text()).unwrap().to_text(), *key.to_text());
        for bad in ["", "short", &"A".repeat(44), &format!("{}=", "A".repeat(43))] {
            assert_eq!(MasterKey::parse(bad).unwrap_err(), SealError::Malformed);
        }
    }
}
