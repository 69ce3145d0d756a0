//! Identifiers of users, sessions, identities, one-time tokens and mails: random UUIDs, so that no database has a hot range and no one can guess one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::random::{self, NoEntropy, Random};

/// Names one user for good: the `sub` of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(Uuid);

/// Names one session: the `sid` of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

/// Names one identity that is linked to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdentityId(Uuid);

/// Names one one-time token: its `jti`. Not enough to make the token, which is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(Uuid);

/// Names one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailId(Uuid);

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: a UUID in lower case with hyphens is expected")]
pub struct BadId;

macro_rules! id {
    ($name:ident) => {
        impl $name {
            /// A new random identifier (UUID version 4).
            pub fn generate(random: &dyn Random) -> Result<Self, NoEntropy> {
                Ok(Self(Builder::from_random_bytes(random::bytes(random)?).into_uuid()))
            }

            /// The identifier with these bytes, as a store kept them.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Its sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            /// Takes the one canonical form only, so that a name has one spelling.
            fn from_str(text: &str) -> Result<Self, BadId> {
                let id = Uuid::try_parse(text).map_err(|_| BadId)?;
                let mut buffer = Uuid::encode_buffer();
                if id.as_hyphenated().encode_lower(&mut buffer) == text { Ok(Self(id)) } else { Err(BadId) }
            }
        }
    };
}

id!(UserId);
id!(SessionId);
id!(IdentityId);
id!(TokenId);
id!(MailId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let id = SessionId::generate(&random::System::new()).unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<SessionId>(), Err(BadId));
        assert_eq!(id.0.as_simple().to_string().parse::<SessionId>(), Err(BadId));
        assert_eq!("".parse::<UserId>(), Err(BadId));
    }
}
