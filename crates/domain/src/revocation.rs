//! Revocation entries: what makes services that verify alone refuse a token before it expires.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Tokens that are not to be accepted any more, until none of them can be alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which claim to compare.
    pub kind: RevocationKind,
    /// With what.
    pub value: String,
    /// Only tokens issued at or before this moment.
    pub before: Option<Timestamp>,
    /// When the entry may be forgotten.
    pub until: Timestamp,
}

/// A stored entry with its place in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Commit order is sequence order, without gaps that could fill later.
    pub seq: u64,
    /// Random, so that a server which lost commits is noticed.
    pub tag: u64,
    /// The entry.
    pub revocation: Revocation,
}

/// The claim or header that a revocation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationKind {
    /// One session.
    Sid,
    /// All tokens of a user issued until `before`.
    Sub,
    /// One token.
    Jti,
    /// All tokens signed by a key.
    Kid,
}

impl RevocationKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sid, Self::Sub, Self::Jti, Self::Kid];

    /// The name on the wire and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sid => "sid",
            Self::Sub => "sub",
            Self::Jti => "jti",
            Self::Kid => "kid",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
