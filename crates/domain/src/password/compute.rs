//! The hashing itself, on one thread, with memory that is used again.

use std::num::NonZeroU32;

use argon2::{Argon2, Block, Params};
use aws_lc_rs::{constant_time, digest, pbkdf2};
use zeroize::Zeroizing;

use super::hash::{PasswordHash, Scheme};
use super::{Password, Verdict};
use crate::random::{self, NoEntropy, Random};

/// The costs of a new hash (RFC 9106 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Parameters {
    /// Whether these costs can be used.
    pub fn is_valid(&self) -> bool {
        self.argon2().is_some()
    }

    fn argon2(&self) -> Option<Params> {
        Params::new(self.memory, self.iterations, self.parallelism, Some(DIGEST)).ok()
    }

    fn are_of(&self, hash: &PasswordHash) -> bool {
        let expected = Scheme::Argon2 {
            variant: argon2::Algorithm::Argon2id,
            version: argon2::Version::V0x13,
            memory: self.memory,
            iterations: self.iterations,
            parallelism: self.parallelism,
        };
        hash.scheme == expected && hash.encoded().starts_with("$argon2id$")
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self { memory: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

/// One thread's means to hash.
pub(super) struct Computer {
    parameters: Parameters,
    blocks: Vec<Block>,
}

impl Computer {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self { parameters, blocks: Vec::new() }
    }

    /// Gives the memory back to the system.
    pub(super) fn rest(&mut self) {
        self.blocks = Vec::new();
    }

    /// Hashes a new password.
    pub(super) fn hash(&mut self, password: &Password, random: &dyn Random) -> Result<PasswordHash, NoEntropy> {
        let salt: [u8; 16] = random::bytes(random)?;
        let params = self.parameters.argon2().ok_or(NoEntropy)?;
        let mut digest = [0; DIGEST];
        let normalised = password.normalised();
        let (variant, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
        self.argon2(Argon2::new(variant, version, params.clone()), normalised.as_bytes(), &salt, &mut digest);
        Ok(PasswordHash::argon2id(&params, &salt, &digest))
    }

    /// Compares a password with a stored hash. An imported hash may have been made of the bytes as typed.
    pub(super) fn verify(
        &mut self,
        password: &Password,
        hash: &PasswordHash,
        random: &dyn Random,
    ) -> Result<Verdict, NoEntropy> {
        let normalised = password.normalised();
        let ours = self.parameters.are_of(hash) || hash.encoded().starts_with('$');
        let typed = password.as_typed();
        let matches = match ours {
            true => self.matches(normalised.as_bytes(), hash),
            false => {
                self.matches(typed.as_bytes(), hash)
                    || (typed != normalised.as_str() && self.matches(normalised.as_bytes(), hash))
            }
        };
        let rehash = match matches && !self.parameters.are_of(hash) {
            true => Some(self.hash(password, random)?),
            false => None,
        };
        Ok(Verdict { matches, rehash })
    }

    /// Costs what comparing with a hash of ours costs, and matches nothing.
    pub(super) fn verify_dummy(&mut self, password: &Password, random: &dyn Random) -> Result<Verdict, NoEntropy> {
        self.hash(password, random)?;
        Ok(Verdict { matches: false, rehash: None })
    }

    fn matches(&mut self, password: &[u8], hash: &PasswordHash) -> bool {
        let mut digest = Zeroizing::new(vec![0; hash.digest.len()]);
        match hash.scheme {
            Scheme::Argon2 { variant, version, memory, iterations, parallelism } => {
                let length = Some(hash.digest.len());
                let Ok(params) = Params::new(memory, iterations, parallelism, length) else { return false };
                self.argon2(Argon2::new(variant, version, params), password, &hash.salt, &mut digest);
            }
            Scheme::Pbkdf2Sha256 { iterations } => {
                let Some(iterations) = NonZeroU32::new(iterations) else { return false };
                let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
                return pbkdf2::verify(algorithm, iterations, &hash.salt, password, &hash.digest).is_ok();
            }
            Scheme::BcryptSha256 { cost } => {
                let Ok(salt) = hash.salt.as_slice().try_into() else { return false };
                // 64 hexadecimal digits and the NUL that bcrypt's C implementations hash along.
                let mut inner = hexadecimal(digest::digest(&digest::SHA256, password).as_ref());
                inner.push(0);
                let outer = bcrypt::bcrypt(cost, salt, &inner);
                digest.copy_from_slice(&outer[..hash.digest.len()]);
            }
            Scheme::Scrypt { log_n, r, p } => {
                let Ok(params) = scrypt::Params::new(log_n, r, p) else { return false };
                if scrypt::scrypt(password, &hash.salt, &params, &mut digest).is_err() {
                    return false;
                }
            }
        }
        constant_time::verify_slices_are_equal(&digest, &hash.digest).is_ok()
    }

    /// The memory of a hash of ours is kept for the next one; that of a hungrier imported hash is not.
    fn argon2(&mut self, argon2: Argon2<'_>, password: &[u8], salt: &[u8], digest: &mut [u8]) {
        let needed = argon2.params().block_count();
        if needed <= self.parameters.argon2().map_or(0, |params| params.block_count()) {
            if self.blocks.len() < needed {
                self.blocks = blocks(needed);
            }
            fill(&argon2, password, salt, digest, &mut self.blocks[..needed]);
        } else {
            fill(&argon2, password, salt, digest, &mut blocks(needed));
        }
    }
}

/// Memory that goes back to the system when it is dropped. The GNU allocator keeps up to 32 MiB for itself; only what is
/// asked for and never touched costs nothing.
fn blocks(needed: usize) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(needed.max(MAPPED / size_of::<Block>()));
    blocks.resize(needed, Block::default());
    blocks
}

fn fill(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], digest: &mut [u8], blocks: &mut [Block]) {
    let done = argon2.hash_password_into_with_memory(password, salt, digest, blocks);
    // Lengths were checked when the hash was parsed. Were they wrong, nothing may match.
    if done.is_err() {
        digest.fill(0);
    }
}

fn hexadecimal(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    Zeroizing::new(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// What is larger has a mapping of its own (M_MMAP_THRESHOLD in mallopt(3)).
const MAPPED: usize = 33 << 20;
/// Length of a new digest, in bytes.
const DIGEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters {
        Parameters { memory: 64, iterations: 1, parallelism: 1 }
    }

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[test]
    fn a_hash_of_ours_matches_its_password_in_any_unicode_form() {
        let (mut computer, random) = (Computer::new(parameters()), random::System::new());
        let hash = computer.hash(&password("caf\u{e9} au lait"), &random).unwrap();
        let hash = PasswordHash::parse(hash.encoded()).unwrap();
        for (text, matches) in [("cafe\u{301} au lait", true), ("cafe au lait", false), ("", false)] {
            let verdict = computer.verify(&password(text), &hash, &random).unwrap();
            assert_eq!((verdict.matches, verdict.rehash.is_none()), (matches, true), "{text}");
        }
    }

    #[test]
    fn other_parameters_are_upgraded() {
        let random = random::System::new();
        let hash = Computer::new(parameters()).hash(&password("some password"), &random).unwrap();
        let stronger = Parameters { memory: 128, ..parameters() };
        let verdict = Computer::new(stronger).verify(&password("some password"), &hash, &random).unwrap();
        assert!(verdict.matches);
        assert!(verdict.rehash.unwrap().encoded().contains("m=128,"));
    }
}
