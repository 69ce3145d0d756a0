use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokenry_jwt::Claims;

use crate::revocations::Marks;

/// Tokens that verified before, recognised by all of their bytes.
///
/// It is bounded in bytes, and what is asked for again and again stays while strangers come and go (S3-FIFO and
/// Clock-PRO, quick_cache). Whoever takes something from it still compares `exp`, revocations and the key set.
pub(crate) struct TokenCache(Cache<Box<str>, Cached, Bytes>);

/// A verified token.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) claims: Claims,
    pub(crate) marks: Marks,
    /// Which set of keys verified it.
    pub(crate) generation: u64,
}

impl TokenCache {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Cache::with_weighter(bytes / TYPICAL, bytes as u64, Bytes))
    }

    pub(crate) fn find(&self, token: &str) -> Option<Cached> {
        self.0.get(token)
    }

    pub(crate) fn insert(&self, token: &str, cached: Cached) {
        self.0.insert(token.into(), cached);
    }

    pub(crate) fn remove(&self, token: &str) {
        self.0.remove(token);
    }

    /// Tokens, and the bytes that they take.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.0.len(), self.0.weight())
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Box<str>, Cached> for Bytes {
    fn weight(&self, token: &Box<str>, cached: &Cached) -> u64 {
        (token.len() + cached.claims.json().len() + OVERHEAD) as u64
    }
}

/// What an entry takes beside its texts: slot, index, positions of the claims, allocator.
const OVERHEAD: usize = 640;
/// An entry with an ordinary token.
const TYPICAL: usize = 1200;
