//! The issuer's keys, as far as they are known.

mod file;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard as Loaded};
use tokenry_jwt::{JwkSet, KeyError, KeySet};
use tokio::sync::{Notify, watch};

pub(crate) use file::KeysFile;

/// The keys in use, and the way to ask for newer ones.
pub(crate) struct Keys {
    current: ArcSwap<Keyring>,
    /// When the set was last confirmed by the issuer, in milliseconds; 0: never.
    confirmed: AtomicU64,
    /// From when on tokens, and the feed, may ask for a fetch again, in milliseconds.
    next: [AtomicU64; 2],
    interval: Duration,
    asked: Notify,
    /// Changes whenever a fetch ends.
    fetches: watch::Sender<Fetches>,
}

/// A set of keys that replaced another.
pub(crate) struct Keyring {
    pub(crate) set: KeySet,
    pub(crate) generation: u64,
    /// Whether all are shared secrets: to verify a token is then faster than to keep it.
    pub(crate) are_secrets: bool,
    json: String,
}

/// Who met a `kid` that is not known. Strangers can make up tokens; what they use up must not be the feed's.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    Token,
    Feed,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Fetches {
    /// How many have ended.
    pub(crate) ended: u64,
    pub(crate) failed: u64,
    is_running: bool,
}

impl Keys {
    /// `interval`: how often unknown keys may cause a fetch.
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            current: ArcSwap::from_pointee(Keyring::new(KeySet::default(), 0, String::new())),
            confirmed: AtomicU64::new(0),
            next: Default::default(),
            interval,
            asked: Notify::new(),
            fetches: watch::Sender::default(),
        }
    }

    pub(crate) fn current(&self) -> Loaded<Arc<Keyring>> {
        self.current.load()
    }

    /// Takes over a set that does not come from the issuer itself.
    pub(crate) fn set(&self, set: KeySet, json: String) {
        let generation = self.current.load().generation + 1;
        self.current.store(Arc::new(Keyring::new(set, generation, json)));
    }

    /// Takes over what the issuer published. Whether it is another set than before.
    ///
    /// # Errors
    /// When the set is malformed, too large, ambiguous, or has no key that could verify anything.
    pub(crate) fn confirm(&self, jwks: &[u8], elapsed: Duration) -> Result<bool, KeyError> {
        let parsed = JwkSet::parse(jwks)?;
        let set = KeySet::from(&parsed);
        if set.is_empty() {
            return Err(KeyError::Malformed("no key in it can be used"));
        }
        let json = parsed.to_json();
        self.confirmed.store(millis(elapsed).max(1), Ordering::Release);
        let is_new = self.current.load().json != json;
        if is_new {
            self.set(set, json);
        }
        Ok(is_new)
    }

    /// How long ago the issuer confirmed the set; `None` when it never did.
    pub(crate) fn age(&self, elapsed: Duration) -> Option<Duration> {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        (confirmed > 0).then(|| elapsed.saturating_sub(Duration::from_millis(confirmed)))
    }

    pub(crate) fn json(&self) -> String {
        self.current.load().json.clone()
    }

    pub(crate) fn fetches(&self) -> Fetches {
        *self.fetches.borrow()
    }

    /// Asks for a fetch because of a `kid` that is not known. What to wait on, unless this asker did a moment ago.
    pub(crate) fn ask(&self, asker: Asker, elapsed: Duration) -> Option<watch::Receiver<Fetches>> {
        let (next, interval) = match (asker, &self.next) {
            (Asker::Token, [next, _]) => (next, self.interval),
            (Asker::Feed, [_, next]) => (next, self.interval / 10),
        };
        let mut fetches = self.fetches.subscribe();
        if fetches.borrow_and_update().is_running {
            return Some(fetches);
        }
        let from = next.load(Ordering::Acquire);
        let later = millis(elapsed + interval);
        let is_early = millis(elapsed) < from;
        if is_early || next.compare_exchange(from, later, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return None;
        }
        self.begin_fetch();
        self.asked.notify_one();
        Some(fetches)
    }

    /// Until someone asks.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    pub(crate) fn begin_fetch(&self) {
        self.fetches.send_if_modified(|fetches| {
            fetches.is_running = true;
            false
        });
    }

    pub(crate) fn end_fetch(&self, is_ok: bool) {
        self.fetches.send_modify(|fetches| {
            fetches.ended += 1;
            fetches.failed += u64::from(!is_ok);
            fetches.is_running = false;
        });
    }
}

impl Keyring {
    fn new(set: KeySet, generation: u64, json: String) -> Self {
        let are_secrets = set.iter().all(|key| key.algorithm().is_symmetric());
        Self { set, generation, are_secrets, json }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
