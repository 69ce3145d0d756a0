//! The revocations that a guard holds: compact, and read without a lock.
//!
//! An entry is a keyed 128-bit digest of what it names (SipHash-1-3 under a random key of this process), and two times.
//! For a token to be refused by mistake its digest must equal one of those held: with a million entries the chance is
//! 2^-108, and without the key nobody can look for such a token.

mod table;

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use siphasher::sip128::SipHasher13;
use tokenry_jwt::Claims;

use table::{Inserted, Table};

/// The claim, or the header, that a revocation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RevocationKind {
    /// One session.
    Sid = 1,
    /// All tokens of a user, issued until some moment.
    Sub = 2,
    /// One token.
    Jti = 4,
    /// All tokens signed by a key.
    Kid = 8,
}

/// A set of revocations. Many read while one writes.
pub struct Revocations {
    shards: Box<[Shard]>,
    keys: [SipHasher13; 4],
    /// The kinds that were ever inserted.
    kinds: AtomicU8,
    len: AtomicUsize,
    /// One writer at a time, and which shard it looks at next for entries that are over.
    writing: Mutex<usize>,
}

struct Shard {
    table: ArcSwap<Table>,
}

/// A digest of a kind and a value; zero stands for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    low: u64,
    high: u64,
}

/// What of a token may be revoked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    session: Mark,
    subject: Mark,
    token: Mark,
    key: Mark,
}

/// An entry before it takes effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    mark: Mark,
    kind: RevocationKind,
    times: Times,
}

/// `until`, and `before` for tokens of a user: seconds since 1970, rounded up to 2106 where they lie later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    until: u32,
    before: u32,
}

impl Revocations {
    /// An empty set under a new random key.
    #[must_use]
    pub fn new() -> Self {
        let mut random = [0; 64];
        // Without randomness the digests are only not keyed.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let word = |at: usize| random.iter().skip(at * 8).take(8).fold(0, |word, &byte| word << 8 | u64::from(byte));
        Self {
            shards: (0..SHARDS).map(|_| Shard { table: ArcSwap::from_pointee(Table::for_entries(0)) }).collect(),
            keys: [0, 2, 4, 6].map(|at| SipHasher13::new_with_keys(word(at), word(at + 1))),
            kinds: AtomicU8::new(0),
            len: AtomicUsize::new(0),
            writing: Mutex::new(0),
        }
    }

    /// Whether an entry names this value. For `sub`, the moment until which tokens are meant is not looked at.
    #[must_use]
    pub fn contains(&self, kind: RevocationKind, value: &str) -> bool {
        self.has(kind) && self.find(self.mark(kind, value)).is_some()
    }

    /// Adds an entry: until when it matters, and for `sub`, which tokens it means by their `iat`. Seconds since 1970.
    pub fn insert(&self, kind: RevocationKind, value: &str, before: Option<i64>, until: i64) {
        self.apply(self.pending(kind, value, before, until));
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there never was one.
    pub(crate) fn is_untouched(&self) -> bool {
        self.kinds.load(Ordering::Acquire) == 0
    }

    /// Drops what is over, of one shard at each call.
    pub(crate) fn sweep(&self, now: i64) {
        let mut next = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = self.shards.get(*next % SHARDS).map(|shard| &shard.table);
        *next = (*next + 1) % SHARDS;
        let Some(shard) = shard else { return };
        let table = shard.load();
        let dropped = table.remove_over(seconds(now));
        self.len.fetch_sub(dropped, Ordering::Relaxed);
        if table.is_sparse() {
            shard.store(table.rebuilt().into());
        }
    }

    pub(crate) fn pending(&self, kind: RevocationKind, value: &str, before: Option<i64>, until: i64) -> Pending {
        // Without a moment, or for another kind, all tokens are meant.
        let before = before.filter(|_| kind == RevocationKind::Sub).map_or(u32::MAX, seconds);
        Pending { mark: self.mark(kind, value), kind, times: Times { until: seconds(until).max(1), before } }
    }

    pub(crate) fn apply(&self, pending: Pending) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.kinds.fetch_or(pending.kind as u8, Ordering::Release);
        let Some(shard) = self.shard(pending.mark) else { return };
        loop {
            let table = shard.table.load();
            match table.insert(pending.mark, pending.times) {
                Inserted::New => {
                    self.len.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Inserted::Again => return,
                Inserted::Full => shard.table.store(table.rebuilt().into()),
            }
        }
    }

    pub(crate) fn marks(&self, claims: &Claims) -> Marks {
        let of = |kind, value: Option<&str>| value.map_or(Mark::default(), |value| self.mark(kind, value));
        Marks {
            session: of(RevocationKind::Sid, claims.session_id()),
            subject: of(RevocationKind::Sub, Some(claims.subject())),
            token: of(RevocationKind::Jti, claims.token_id()),
            key: of(RevocationKind::Kid, claims.key_id()),
        }
    }

    /// What revokes the token with these marks.
    pub(crate) fn revoking(&self, marks: &Marks, claims: &Claims) -> Option<RevocationKind> {
        use RevocationKind as Kind;
        let named = |kind, mark| self.has(kind) && self.find(mark).is_some();
        if named(Kind::Sid, marks.session) {
            return Some(Kind::Sid);
        }
        if self.has(Kind::Sub)
            && let Some(times) = self.find(marks.subject)
            && is_issued_by(claims, times.before)
        {
            return Some(Kind::Sub);
        }
        if named(Kind::Jti, marks.token) {
            return Some(Kind::Jti);
        }
        named(Kind::Kid, marks.key).then_some(Kind::Kid)
    }

    fn find(&self, mark: Mark) -> Option<Times> {
        self.shard(mark)?.table.load().find(mark)
    }

    fn has(&self, kind: RevocationKind) -> bool {
        self.kinds.load(Ordering::Acquire) & kind as u8 != 0
    }

    fn shard(&self, mark: Mark) -> Option<&Shard> {
        self.shards.get((mark.high >> 58) as usize)
    }

    fn mark(&self, kind: RevocationKind, value: &str) -> Mark {
        let [sid, sub, jti, kid] = &self.keys;
        let key = match kind {
            RevocationKind::Sid => sid,
            RevocationKind::Sub => sub,
            RevocationKind::Jti => jti,
            RevocationKind::Kid => kid,
        };
        let hash = key.hash(value.as_bytes());
        Mark { low: hash.h1.max(1), high: hash.h2 }
    }
}

impl Default for Revocations {
    fn default() -> Self {
        Self::new()
    }
}

impl RevocationKind {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sid => "sid",
            Self::Sub => "sub",
            Self::Jti => "jti",
            Self::Kid => "kid",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Sid, Self::Sub, Self::Jti, Self::Kid].into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether the token was issued at or before this moment, or does not say when.
fn is_issued_by(claims: &Claims, before: u32) -> bool {
    // `before` is rounded down like an `iat`, which may have a fraction.
    claims.get::<f64>("iat").is_none_or(|iat| iat.floor() <= f64::from(before)) || before == u32::MAX
}

fn seconds(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
}

const SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_do_not_mix() {
        let set = Revocations::new();
        set.insert(RevocationKind::Sid, "a", None, 100);
        assert!(set.contains(RevocationKind::Sid, "a"));
        for kind in [RevocationKind::Sub, RevocationKind::Jti, RevocationKind::Kid] {
            assert!(!set.contains(kind, "a"));
        }
        assert!(!set.contains(RevocationKind::Sid, "b"));
    }

    #[test]
    fn an_entry_is_dropped_when_it_is_over_and_not_before() {
        let set = Revocations::new();
        for number in 0..10_000 {
            set.insert(RevocationKind::Sid, &number.to_string(), None, 1000 + number);
        }
        let sweep = |now| (0..SHARDS).for_each(|_| set.sweep(now));
        sweep(1000 + 4999);
        assert_eq!(set.len(), 5000);
        assert!(!set.contains(RevocationKind::Sid, "4999") && set.contains(RevocationKind::Sid, "5000"));
        sweep(1000 + 9998);
        assert_eq!((set.len(), set.contains(RevocationKind::Sid, "9999")), (1, true));
    }

    #[test]
    fn an_entry_that_comes_again_keeps_the_later_times() {
        let set = Revocations::new();
        set.insert(RevocationKind::Sub, "kim", Some(50), 200);
        set.insert(RevocationKind::Sub, "kim", Some(40), 300);
        assert_eq!(set.find(set.mark(RevocationKind::Sub, "kim")), Some(Times { until: 300, before: 50 }));
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn a_set_that_grows_and_shrinks_for_long_keeps_exactly_what_it_should() {
        let set = Revocations::new();
        for round in 0..50 {
            for number in 0..2000 {
                set.insert(RevocationKind::Jti, &format!("{round}-{number}"), None, round + 3);
            }
            (0..SHARDS).for_each(|_| set.sweep(round));
            assert!(set.contains(RevocationKind::Jti, &format!("{round}-0")));
            assert!(!set.contains(RevocationKind::Jti, &format!("{}-0", round - 3)));
            assert!(set.len() <= 6000);
        }
        let slots: usize = set.shards.iter().map(|shard| shard.table.load().capacity()).sum();
        assert!(slots < 6000 * 6, "{slots} slots for 6000 entries");
    }

    #[test]
    fn readers_always_see_what_was_there_before_they_looked() {
        let set = Revocations::new();
        std::thread::scope(|scope| {
            for number in 0..100 {
                set.insert(RevocationKind::Sid, &format!("kept {number}"), None, 1 << 40);
            }
            let writer = scope.spawn(|| {
                for number in 0..50_000 {
                    set.insert(RevocationKind::Sid, &number.to_string(), None, number / 100 + 1);
                    if number % 50 == 0 {
                        set.sweep(number / 100);
                    }
                }
            });
            while !writer.is_finished() {
                for number in 0..100 {
                    assert!(set.contains(RevocationKind::Sid, &format!("kept {number}")));
                }
            }
        });
    }
}
