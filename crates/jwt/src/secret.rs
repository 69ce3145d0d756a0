//! The seam to RustCrypto's HMAC.
//!
//! With a prepared key and a text as short as a token it measures faster than that of aws-lc-rs; `benches/verify.rs`
//! shows both.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Algorithm, KeyError};

/// An HMAC key, hashed into its inner and outer state.
#[derive(Clone)]
pub(crate) enum Secret {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Secret {
    pub(crate) fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let minimum = match algorithm {
            Algorithm::Hs256 => 256,
            Algorithm::Hs384 => 384,
            Algorithm::Hs512 => 512,
            _ => return Err(KeyError::Mismatch { algorithm }),
        };
        let bits = bytes.len() * 8;
        let too_short = KeyError::TooShort { algorithm, bits, minimum };
        if bits < minimum {
            return Err(too_short);
        }
        // HMAC takes keys of any length; the error can't happen.
        Ok(match algorithm {
            Algorithm::Hs256 => Self::Sha256(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
            Algorithm::Hs384 => Self::Sha384(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
            _ => Self::Sha512(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
        })
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha256(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha384(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha512(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha384(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha512(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
        }
    }
}
