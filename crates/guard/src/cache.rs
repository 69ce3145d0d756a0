use std::hash::{BuildHasher as _, Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Equivalent, Weighter};
use tokenry_jwt::Claims;

use crate::revocations::Marks;

/// Tokens that verified before, recognised by all of their bytes.
///
/// It is bounded in bytes, and what is asked for again and again stays while strangers come and go (S3-FIFO and
/// Clock-PRO, quick_cache). Whoever takes something from it still compares `exp`, revocations and the key set.
pub(crate) struct TokenCache {
    tokens: Cache<Kept, Cached, Bytes>,
    /// Prints of tokens that came, each in the one place that it may have. Made when it is first needed.
    seen: OnceLock<Box<[AtomicU32]>>,
    places: usize,
    hasher: DefaultHashBuilder,
}

/// A token, hashed by how its signature ends. Only tokens that verified are kept, so that nobody can make up some that
/// meet.
#[derive(PartialEq, Eq)]
struct Kept(Box<str>);

/// A token that is looked for.
#[derive(Clone, Copy)]
struct Wanted<'a>(&'a str);

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
        Self {
            tokens: Cache::with_weighter(bytes / TYPICAL, bytes as u64, Bytes),
            seen: OnceLock::new(),
            places: (bytes / TYPICAL * PLACES).next_power_of_two().min(MOST_PLACES),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(crate) fn find(&self, token: &str) -> Option<Cached> {
        self.tokens.get(&Wanted(token))
    }

    /// Whether this came before, as far as can be remembered. For tokens that verified, as only those are kept.
    pub(crate) fn comes_again(&self, token: &str) -> bool {
        let hash = self.hasher.hash_one(Wanted(token));
        let seen = self.seen.get_or_init(|| (0..self.places).map(|_| AtomicU32::new(0)).collect());
        let place = seen.get(hash as usize & (self.places - 1));
        let print = (hash >> 32) as u32 | 1;
        place.is_some_and(|place| place.swap(print, Ordering::Relaxed) == print)
    }

    pub(crate) fn insert(&self, token: &str, cached: Cached) {
        self.tokens.insert(Kept(token.into()), cached);
    }

    pub(crate) fn remove(&self, token: &str) {
        self.tokens.remove(&Wanted(token));
    }

    /// Tokens, and the bytes that they take.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.tokens.len(), self.tokens.weight())
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let bytes = self.0.as_bytes();
        hasher.write(bytes.last_chunk::<ENOUGH>().map_or(bytes, |end| end));
    }
}

impl Equivalent<Kept> for Wanted<'_> {
    fn equivalent(&self, kept: &Kept) -> bool {
        *self.0 == *kept.0
    }
}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Wanted(&self.0).hash(hasher);
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Kept, Cached> for Bytes {
    fn weight(&self, token: &Kept, cached: &Cached) -> u64 {
        (token.0.len() + cached.claims.json().len() + OVERHEAD) as u64
    }
}

/// What an entry takes beside its texts: slot, index, positions of the claims, allocator.
const OVERHEAD: usize = 640;
/// An entry with an ordinary token.
const TYPICAL: usize = 1200;
/// 128 bits and more of a signature, in base64url.
const ENOUGH: usize = 24;
/// Places in `seen` for each token that there is room for.
const PLACES: usize = 4;
/// 64 MiB of them.
const MOST_PLACES: usize = 1 << 24;
