use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A stored password hash, of a scheme that can be compared. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    encoded: String,
    pub(super) scheme: Scheme,
    pub(super) salt: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

/// How a hash was made, with its costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Argon2 (RFC 9106), ours and Django's.
    Argon2 {
        /// `i`, `d` or `id`.
        variant: argon2::Algorithm,
        /// 16 or 19.
        version: argon2::Version,
        /// Memory in KiB.
        memory: u32,
        /// Passes.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// Django's `pbkdf2_sha256`.
    Pbkdf2Sha256 {
        /// Rounds.
        iterations: u32,
    },
    /// Django's `bcrypt_sha256`: bcrypt over the hexadecimal SHA-256.
    BcryptSha256 {
        /// The binary logarithm of the rounds.
        cost: u32,
    },
    /// Django's `scrypt`.
    Scrypt {
        /// The binary logarithm of N.
        log_n: u8,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
}

/// A text is no hash that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Django's mark for an account without a password.
    #[error("the password is unusable")]
    Unusable,
    /// The scheme is not one of those that are taken.
    #[error("the hash is of an unknown scheme; taken are argon2, pbkdf2_sha256, bcrypt_sha256 and scrypt")]
    Unknown,
    /// The scheme is known and the rest is not well formed.
    #[error("the hash is malformed")]
    Malformed,
    /// Comparing it would cost more than is granted to a log-in.
    #[error("the hash asks for more memory or time than is granted")]
    TooCostly,
}

impl PasswordHash {
    /// Reads an encoded hash: ours (a PHC string), or one of Django's.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.starts_with('!') || text.is_empty() {
            return Err(HashError::Unusable);
        }
        if text.len() > MAX_ENCODED {
            return Err(HashError::Malformed);
        }
        let (scheme, rest) = text.split_once('$').ok_or(HashError::Unknown)?;
        let (scheme, salt, digest) = match scheme {
            "" | "argon2" if rest.starts_with("argon2") => argon2_parts(rest),
            "pbkdf2_sha256" => pbkdf2_parts(rest),
            "bcrypt_sha256" => bcrypt_parts(rest),
            "scrypt" => scrypt_parts(rest),
            _ => return Err(HashError::Unknown),
        }
        .ok_or(HashError::Malformed)?;
        if digest.is_empty() {
            return Err(HashError::Malformed);
        }
        if !scheme.is_granted() {
            return Err(HashError::TooCostly);
        }
        Ok(Self { encoded: text.to_owned(), scheme, salt, digest })
    }

    /// The text to store.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// How it was made.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn argon2id(params: &argon2::Params, salt: &[u8], digest: &[u8]) -> Self {
        let (memory, iterations, parallelism) = (params.m_cost(), params.t_cost(), params.p_cost());
        let encode = |bytes| BASE64.encode(bytes);
        let encoded = format!(
            "$argon2id$v=19$m={memory},t={iterations},p={parallelism}${}${}",
            encode(salt).trim_end_matches('='),
            encode(digest).trim_end_matches('='),
        );
        let (variant, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
        let scheme = Scheme::Argon2 { variant, version, memory, iterations, parallelism };
        Self { encoded, scheme, salt: salt.to_vec(), digest: digest.to_vec() }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({:?})", self.scheme)
    }
}

impl Scheme {
    /// Memory that comparing takes, in KiB.
    pub fn memory(self) -> u64 {
        match self {
            Self::Argon2 { memory, .. } => memory.into(),
            Self::Scrypt { log_n, r, p } => {
                (128_u64 << log_n.min(40)).saturating_mul(r.into()).saturating_mul(p.max(1).into()) / 1024
            }
            Self::Pbkdf2Sha256 { .. } | Self::BcryptSha256 { .. } => 4,
        }
    }

    fn is_granted(self) -> bool {
        let time = match self {
            Self::Argon2 { memory, iterations, .. } => {
                u64::from(memory) * u64::from(iterations) <= MAX_MEMORY * MAX_PASSES
            }
            Self::Pbkdf2Sha256 { iterations } => iterations <= MAX_ITERATIONS,
            Self::BcryptSha256 { cost } => cost <= MAX_BCRYPT_COST,
            Self::Scrypt { .. } => true,
        };
        time && self.memory() <= MAX_MEMORY
    }
}

type Parts = Option<(Scheme, Vec<u8>, Vec<u8>)>;

/// `argon2id$v=19$m=19456,t=2,p=1$SALT$DIGEST`, the PHC string without its first `$`.
fn argon2_parts(text: &str) -> Parts {
    let mut parts = text.split('$');
    let variant = match parts.next()? {
        "argon2id" => argon2::Algorithm::Argon2id,
        "argon2i" => argon2::Algorithm::Argon2i,
        "argon2d" => argon2::Algorithm::Argon2d,
        _ => return None,
    };
    let (version, costs) = match parts.next()? {
        "v=19" => (argon2::Version::V0x13, parts.next()?),
        "v=16" => (argon2::Version::V0x10, parts.next()?),
        costs => (argon2::Version::V0x10, costs),
    };
    let mut numbers = costs.split(',').zip(["m=", "t=", "p="]).map(|(cost, name)| number(cost.strip_prefix(name)?));
    let (memory, iterations, parallelism) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let salt = BASE64.decode(parts.next()?).ok()?;
    let digest = BASE64.decode(parts.next()?).ok()?;
    argon2::Params::new(memory, iterations, parallelism, Some(digest.len())).ok()?;
    let whole = parts.next().is_none() && costs.split(',').count() == 3 && salt.len() >= argon2::MIN_SALT_LEN;
    whole.then_some((Scheme::Argon2 { variant, version, memory, iterations, parallelism }, salt, digest))
}

/// `ITERATIONS$SALT$DIGEST`; the salt is text.
fn pbkdf2_parts(text: &str) -> Parts {
    let [iterations, salt, digest] = exactly(text)?;
    let iterations = number(iterations).filter(|iterations| *iterations > 0)?;
    let digest = BASE64.decode(digest).ok().filter(|digest| digest.len() == 32)?;
    Some((Scheme::Pbkdf2Sha256 { iterations }, salt.as_bytes().to_vec(), digest))
}

/// `$2b$12$` and 53 characters: bcrypt's own form behind Django's prefix.
fn bcrypt_parts(text: &str) -> Parts {
    let parts: bcrypt::HashParts = text.parse().ok()?;
    let digest = text.get(text.len().checked_sub(31)?..)?;
    let digest = BCRYPT_BASE64.decode(digest).ok().filter(|digest| digest.len() == 23)?;
    Some((Scheme::BcryptSha256 { cost: parts.get_cost() }, parts.get_salt_raw().to_vec(), digest))
}

/// `N$SALT$R$P$DIGEST`; the salt is text.
fn scrypt_parts(text: &str) -> Parts {
    let [n, salt, r, p, digest] = exactly(text)?;
    let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two() && *n > 1)?;
    let (r, p) = (number(r)?, number(p)?);
    let digest = BASE64.decode(digest).ok().filter(|digest| digest.len() == 64)?;
    let log_n = u8::try_from(n.ilog2()).ok()?;
    scrypt::Params::new(log_n, r, p).ok()?;
    Some((Scheme::Scrypt { log_n, r, p }, salt.as_bytes().to_vec(), digest))
}

fn exactly<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BCRYPT_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, LENIENT.with_decode_allow_trailing_bits(true));
const MAX_ENCODED: usize = 1024;
/// In KiB: 256 MiB.
const MAX_MEMORY: u64 = 256 * 1024;
const MAX_PASSES: u64 = 10;
const MAX_ITERATIONS: u32 = 10_000_000;
const MAX_BCRYPT_COST: u32 = 16;
