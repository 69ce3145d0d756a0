//! Passwords: what a new one must satisfy, how it is hashed, and how imported hashes are compared.

mod compute;
mod hash;
mod policy;
mod pool;

use std::fmt;

use icu_normalizer::ComposingNormalizer;
use zeroize::{Zeroize, Zeroizing};

pub use compute::Parameters;
pub use hash::{HashError, PasswordHash, Scheme};
pub use policy::{Advice, Policy, Weakness};
pub use pool::{HashPool, PoolError, PoolLoad, Verdict};
pub use zxcvbn::feedback::{Suggestion, Warning};

/// A password as someone typed it. Never printed, wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// A text is no password at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is longer than [`Password::MAX_BYTES`].
    #[error("is longer than 1,024 bytes")]
    TooLong,
}

impl Password {
    /// Longest password, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes what was typed.
    pub fn new(mut text: String) -> Result<Self, PasswordError> {
        if text.len() > Self::MAX_BYTES {
            text.zeroize();
            return Err(PasswordError::TooLong);
        }
        Ok(Self(Zeroizing::new(text)))
    }

    /// The bytes as typed: what imported hashes were made of.
    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// The form that is hashed here: other spaces mapped to the ASCII one, then NFC (RFC 8265 section 4.2.2).
    pub fn normalised(&self) -> Zeroizing<String> {
        let spaced = self.0.chars().map(|c| if c.is_whitespace() && !c.is_control() { ' ' } else { c });
        let mut normalised = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        normalised.extend(ComposingNormalizer::new_nfc().normalize_iter(spaced));
        normalised
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unicode_forms_of_one_password_are_hashed_alike() {
        let normalised = |text: &str| Password::new(text.to_owned()).unwrap().normalised();
        assert_eq!(*normalised("caf\u{e9} \u{3000}"), *normalised("cafe\u{301}  "));
        assert_eq!(*normalised("비밀"), *normalised("\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}"));
        assert_ne!(*normalised("Password"), *normalised("password"));
        assert_ne!(*normalised("ﬁ"), *normalised("fi"));
    }

    #[test]
    fn a_password_has_at_most_1024_bytes() {
        assert!(Password::new("a".repeat(1024)).is_ok());
        assert_eq!(Password::new("a".repeat(1025)).unwrap_err(), PasswordError::TooLong);
    }

    #[test]
    fn debug_output_shows_nothing() {
        let password = Password::new("hunter2hunter2".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("hunter2"));
    }
}
