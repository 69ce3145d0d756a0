//! Signing keys: their states and when they change.
//!
//! `upcoming -> signing -> verifying -> gone`. A key is published for longer than any verifier's JWKS cache before it
//! signs, and stays published until the last token that it signed has expired.

mod merge;
mod ring;
mod rotation;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokenry_jwt::Algorithm;

use crate::seal::Sealed;
use crate::time::Timestamp;

pub use merge::merge;
pub use ring::{KeyRing, KeyRingError};
pub use rotation::{Rotation, RotationPolicy};

/// A key as the store keeps it.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Its name in token headers and in the JWKS.
    pub kid: String,
    /// What it signs.
    pub purpose: Purpose,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub state: KeyState,
    /// The public half as a JWK in JSON; `None` for a symmetric key.
    pub public: Option<String>,
    /// The private half, sealed under the master key; erased when the key is gone.
    pub private: Option<Sealed>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// The longest life of a token that it may have signed: whoever signs with it keeps to that. It never shrinks.
    pub token_life: Duration,
    /// Since when it is that long.
    pub token_life_since: Timestamp,
    /// Counts changes: what a compare-and-swap compares.
    pub version: u64,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Access tokens. Published, unless symmetric.
    Access,
    /// Refresh tokens: only the issuer verifies them. Never published.
    Refresh,
    /// One-time tokens: only the issuer verifies them. Never published.
    OneTime,
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, not yet used.
    Upcoming,
    /// Signs new tokens. One of each purpose.
    Signing,
    /// Verifies tokens that it signed before.
    Verifying,
    /// Its private half is erased and it verifies nothing; its public half still proves receipts.
    Gone,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Access, Self::Refresh, Self::OneTime];
}

/// The longest life that a token of this purpose can have: none outlives a key of it that is not gone.
pub fn longest_life(records: &[KeyRecord], purpose: Purpose) -> Duration {
    let count = records.iter().filter(|record| record.purpose == purpose && record.state != KeyState::Gone);
    count.map(|record| record.token_life).max().unwrap_or_default()
}

/// When a key that was there before began to sign access tokens that live longer.
pub fn extended_at(records: &[KeyRecord]) -> Option<Timestamp> {
    let extended = records.iter().filter(|record| {
        record.purpose == Purpose::Access
            && record.state != KeyState::Gone
            && record.token_life_since > record.created_at
    });
    extended.map(|record| record.token_life_since).max()
}

macro_rules! names {
    ($type:ident: $($variant:ident = $name:literal),*) => {
        impl $type {
            /// The name in the store and in output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

names!(Purpose: Access = "access", Refresh = "refresh", OneTime = "one_time");
names!(KeyState: Upcoming = "upcoming", Signing = "signing", Verifying = "verifying", Gone = "gone");
