//! Revocation entries: what makes services that verify alone refuse a token before it expires.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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
    /// Of all entries up to this one.
    pub digest: FeedDigest,
}

/// A digest over the feed from its first entry on, so that no one between issuer and guard can leave one out, change
/// one, or put one in: SHA-256 over the digest before, `seq`, `tag`, `before` (0 if there is none) and `until` as
/// unsigned 64-bit big-endian numbers, then the kind, a colon, and the value. Times are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedDigest([u8; 32]);

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

impl Revocation {
    /// [`Revocation::before`] on the wire: as NumericDate (RFC 7519 section 2), rounded down like an `iat`.
    pub fn before_seconds(&self) -> Option<i64> {
        self.before.map(Timestamp::seconds)
    }

    /// [`Revocation::until`] on the wire: as NumericDate, rounded up.
    pub fn until_seconds(&self) -> i64 {
        self.until.millis().saturating_add(999).div_euclid(1000)
    }
}

impl RevocationRecord {
    /// The entry that follows what `digest` covers.
    pub fn following(digest: FeedDigest, seq: u64, tag: u64, revocation: Revocation) -> Self {
        Self { digest: digest.with(seq, tag, &revocation), seq, tag, revocation }
    }
}

impl FeedDigest {
    /// The digest of no entry.
    pub const START: Self = Self([0; 32]);

    /// A stored digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// On the wire, in base64url.
    pub fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    fn with(self, seq: u64, tag: u64, revocation: &Revocation) -> Self {
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let (before, until) = (revocation.before_seconds().map_or(0, number), number(revocation.until_seconds()));
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.0);
        for number in [seq, tag, before, until] {
            context.update(&number.to_be_bytes());
        }
        context.update(revocation.kind.name().as_bytes());
        context.update(b":");
        context.update(revocation.value.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        base: String,
        entries: Vec<Entry>,
        digests: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Entry {
        seq: u64,
        tag: String,
        kind: RevocationKind,
        value: String,
        before: Option<i64>,
        until: i64,
    }

    #[test]
    fn the_chain_is_that_of_the_vectors() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../../vectors/revocations/chain.json")).unwrap();
        for vector in vectors {
            let base = BASE64_URL_SAFE_NO_PAD.decode(vector.base).unwrap();
            let mut digest = FeedDigest::from_bytes(base.try_into().unwrap());
            for (entry, expected) in vector.entries.into_iter().zip(vector.digests) {
                let revocation = Revocation {
                    kind: entry.kind,
                    value: entry.value,
                    before: entry.before.map(Timestamp::from_seconds),
                    until: Timestamp::from_seconds(entry.until),
                };
                let tag = u64::from_str_radix(&entry.tag, 16).unwrap();
                digest = RevocationRecord::following(digest, entry.seq, tag, revocation).digest;
                assert_eq!(digest.text(), expected);
            }
        }
    }
}
