use crate::Algorithm;

/// Why a token was refused.
///
/// [`code`](Self::code) is what a client is told, [`reason`](Self::reason) is for logs and metrics, the message for
/// people. Text that stems from the token is cut to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Longer than [`MAX_TOKEN`](crate::MAX_TOKEN).
    #[error("the token is too long")]
    TooLarge,
    /// Not a JWS in compact form, or not JSON with one reading (RFC 7515 section 5.2).
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The token's algorithm is not its key's one algorithm, or does not exist here.
    #[error("algorithm {token:?} is not this key's")]
    Algorithm {
        /// What the token's header says.
        token: String,
    },
    /// No key in the set answers to the token's `kid`.
    #[error("no key {}", .kid.as_deref().unwrap_or("for a token without kid"))]
    UnknownKey {
        /// The token's `kid`, if it has one.
        kid: Option<String>,
    },
    /// The signature is not the key's signature of this token.
    #[error("the signature is wrong")]
    Signature,
    /// A token of another type, such as a refresh token in an access token's place (RFC 8725 section 3.11).
    #[error("the token's type is {found:?}")]
    Type {
        /// The token's `typ`, empty when it has none.
        found: String,
    },
    /// Issued by someone else.
    #[error("the token has another issuer")]
    Issuer,
    /// Made for someone else.
    #[error("the token is for another audience")]
    Audience,
    /// A required claim is absent.
    #[error("claim {claim} is missing")]
    Missing {
        /// The claim's name.
        claim: &'static str,
    },
    /// `exp` has passed.
    #[error("the token expired at {at}")]
    Expired {
        /// Seconds since 1970.
        at: i64,
    },
    /// `nbf` lies ahead.
    #[error("the token is not valid before {at}")]
    NotYetValid {
        /// Seconds since 1970.
        at: i64,
    },
    /// `iat` lies more than a minute ahead.
    #[error("the token was issued in the future, at {at}")]
    IssuedInFuture {
        /// Seconds since 1970.
        at: i64,
    },
    /// A date in milliseconds; a NumericDate is seconds (RFC 7519 section 2).
    #[error("claim {claim} is in milliseconds, a NumericDate is seconds")]
    Milliseconds {
        /// The claim's name.
        claim: &'static str,
    },
    /// A claim of the wrong type or outside its range.
    #[error("claim {claim} is invalid")]
    InvalidClaim {
        /// The claim's name.
        claim: &'static str,
    },
    /// The header demands an extension (`crit`); none is supported (RFC 7515 section 4.1.11).
    #[error("the token demands an extension (crit)")]
    Critical,
}

impl VerifyError {
    /// The code on the wire: `token_expired`, or `token_invalid` for everything else.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "token_expired",
            _ => "token_invalid",
        }
    }

    /// The exact reason as a stable word for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Algorithm { .. } => "algorithm",
            Self::UnknownKey { .. } => "unknown_key",
            Self::Signature => "signature",
            Self::Type { .. } => "type",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Missing { .. } => "missing_claim",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::Milliseconds { .. } => "milliseconds",
            Self::InvalidClaim { .. } => "invalid_claim",
            Self::Critical => "critical",
        }
    }
}

/// Why a key, a key set or a verifier's setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Shorter than the algorithm's minimum (RFC 7518 sections 3.2, 3.3 and 3.5).
    #[error("the key has {bits} bits, {algorithm} needs {minimum}")]
    TooShort {
        /// The algorithm the key was meant for.
        algorithm: Algorithm,
        /// The key's size.
        bits: usize,
        /// The least size allowed.
        minimum: usize,
    },
    /// An algorithm that does not exist here.
    #[error("unknown signature algorithm")]
    UnknownAlgorithm,
    /// The algorithm must be named: the key does not say it.
    #[error("the key does not name its algorithm")]
    NoAlgorithm,
    /// The key's type and the algorithm disagree.
    #[error("the key is not an {algorithm} key")]
    Mismatch {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
    },
    /// A key type, curve or parameter that is not supported.
    #[error("unsupported key type")]
    Unsupported,
    /// A symmetric key where a public one belongs.
    #[error("a symmetric key is not a public key")]
    Symmetric,
    /// The key's `use` or `key_ops` excludes verifying.
    #[error("the key is not for verifying signatures")]
    NotForVerifying,
    /// Not a key in the expected encoding.
    #[error("the key is malformed: {0}")]
    Malformed(&'static str),
    /// Larger than a key set may be, or too many keys.
    #[error("the key set is too large")]
    TooLarge,
    /// Two keys with one `kid`.
    #[error("two keys have the kid {kid:?}")]
    DuplicateKeyId {
        /// The `kid`, cut to 64 characters.
        kid: String,
    },
    /// A leeway above [`MAX_LEEWAY`](crate::MAX_LEEWAY).
    #[error("the leeway is at most 60 seconds")]
    Leeway,
    /// The system gave no randomness, or the library could not make or write the key.
    #[error("the key could not be generated")]
    Generate,
}

/// Why a token could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The claims are not a JSON object with one reading.
    #[error("the claims are not a JSON object: {0}")]
    Claims(&'static str),
    /// A date in milliseconds; a NumericDate is seconds (RFC 7519 section 2).
    #[error("claim {claim} is in milliseconds, a NumericDate is seconds")]
    Milliseconds {
        /// The claim's name.
        claim: &'static str,
    },
    /// A date that is not a number in 0..=10^11.
    #[error("claim {claim} is invalid")]
    InvalidClaim {
        /// The claim's name.
        claim: &'static str,
    },
    /// The token would be longer than any verifier here accepts.
    #[error("the token would be too long")]
    TooLarge,
    /// The library refused to sign.
    #[error("the key could not sign")]
    Key,
}

/// The beginning of a text that stems from outside, fit for a message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}
