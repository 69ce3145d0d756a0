//! The seam to RustCrypto's HMAC.
//!
//! With a prepared key and a text as short as a token it measures faster than that of aws-lc-rs; `benches/verify.rs`
//! shows both.

use hmac::{Hmac, KeyInit, Mac};
use sha2::digest::block_api::BlockSizeUser;
use sha2::{Sha256, Sha384, Sha512};

use crate::{Algorithm, KeyError};

/// An HMAC key.
#[derive(Clone)]
pub(crate) struct Secret {
    start: State,
    /// What messages mostly begin with, cut down to whole blocks of the hash, and the state behind it: what is always the
    /// same is hashed once.
    beginning: Vec<u8>,
    begun: State,
}

/// A key that was hashed into its inner and outer state, and perhaps the beginning of a message.
#[derive(Clone)]
enum State {
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
        let start = match algorithm {
            Algorithm::Hs256 => State::Sha256(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
            Algorithm::Hs384 => State::Sha384(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
            _ => State::Sha512(Hmac::new_from_slice(bytes).map_err(|_| too_short)?),
        };
        Ok(Self { begun: start.clone(), beginning: Vec::new(), start })
    }

    /// The same key, made ready for messages that begin like this.
    pub(crate) fn expecting(&self, beginning: &[u8]) -> Self {
        let whole = beginning.len() - beginning.len() % self.start.block();
        let beginning = beginning.get(..whole).unwrap_or_default().to_vec();
        let mut begun = self.start.clone();
        begun.update(&beginning);
        Self { start: self.start.clone(), beginning, begun }
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let (state, rest) = self.before(message);
        match state {
            State::Sha256(state) => state.clone().chain_update(rest).verify_slice(tag).is_ok(),
            State::Sha384(state) => state.clone().chain_update(rest).verify_slice(tag).is_ok(),
            State::Sha512(state) => state.clone().chain_update(rest).verify_slice(tag).is_ok(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let (state, rest) = self.before(message);
        match state {
            State::Sha256(state) => state.clone().chain_update(rest).finalize().into_bytes().to_vec(),
            State::Sha384(state) => state.clone().chain_update(rest).finalize().into_bytes().to_vec(),
            State::Sha512(state) => state.clone().chain_update(rest).finalize().into_bytes().to_vec(),
        }
    }

    /// The state to go on from, and what is to be hashed.
    fn before<'a>(&self, message: &'a [u8]) -> (&State, &'a [u8]) {
        match message.strip_prefix(self.beginning.as_slice()) {
            Some(rest) => (&self.begun, rest),
            None => (&self.start, message),
        }
    }
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    /// The bytes that are hashed at a time.
    fn block(&self) -> usize {
        match self {
            Self::Sha256(_) => Sha256::block_size(),
            Self::Sha384(_) | Self::Sha512(_) => Sha512::block_size(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_expected_changes_no_tag() {
        for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let plain = Secret::new(algorithm, &[7; 64]).unwrap();
            let text: Vec<u8> = (0..=255).collect();
            for expected in [0, 1, 63, 64, 65, 127, 128, 129, 200, 256] {
                let ready = plain.expecting(&text[..expected]);
                for length in [0, 1, 63, 64, 65, 127, 128, 129, 199, 200, 201, 255, 256] {
                    let mut message = text[..length].to_vec();
                    assert_eq!(ready.sign(&message), plain.sign(&message), "{expected} {length}");
                    assert!(ready.verify(&message, &plain.sign(&message)));
                    if let Some(first) = message.first_mut() {
                        *first ^= 1;
                        assert!(!ready.verify(&message, &plain.sign(&text[..length])), "{expected} {length}");
                        assert!(ready.verify(&message, &plain.sign(&message)), "{expected} {length}");
                    }
                }
            }
        }
    }
}
