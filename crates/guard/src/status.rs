use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{Freshness, Refusal};

/// How a guard is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// How well revocations are known.
    pub freshness: Freshness,
    /// How long ago the feed last stated where it stands; `None` when it never did.
    pub feed_age: Option<Duration>,
    /// How many revocations are held.
    pub revocations: usize,
    /// How many keys are known; with none, nothing can be verified.
    pub keys: usize,
    /// How long ago the issuer last confirmed the keys; `None` when it never did.
    pub keys_age: Option<Duration>,
    /// What last went wrong between guard and issuer, and has not gone right since.
    pub keys_error: Option<String>,
    /// What last went wrong with the revocation feed, and has not gone right since.
    pub feed_error: Option<String>,
}

/// What a guard has counted since it began.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metrics {
    /// Tokens that were accepted.
    pub accepted: u64,
    /// Of these, those that the cache knew.
    pub cache_hits: u64,
    /// Requests and tokens that were refused, by [`Refusal::code`].
    pub refused: Vec<(&'static str, u64)>,
    /// Tokens in the cache.
    pub cached_tokens: usize,
    /// Bytes that they take.
    pub cached_bytes: u64,
    /// Fetches of the issuer's keys that ended.
    pub key_fetches: u64,
    /// Of these, those that brought nothing to use.
    pub key_fetches_failed: u64,
    /// Snapshots of the revocations that were loaded.
    pub snapshots: u64,
    /// Connections to the feed that were made.
    pub feed_connections: u64,
    /// Times that the feed was not what its issuer signs: forged, altered, replayed, out of order.
    pub feed_faults: u64,
    /// Signed statements of the feed whose date is not to be believed.
    pub feed_wrong_times: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) verified: AtomicU64,
    pub(crate) hits: AtomicU64,
    refused: [AtomicU64; CODES.len()],
    pub(crate) snapshots: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) faults: AtomicU64,
    pub(crate) wrong_times: AtomicU64,
}

impl Counters {
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        let code = refusal.code();
        if let Some((_, count)) = CODES.iter().zip(&self.refused).find(|(known, _)| **known == code) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // Why goes to the log, not to the caller.
        tracing::debug!(target: "tokenry_guard", code, reason = refusal.reason(), detail = %refusal, "refused");
    }

    pub(crate) fn refused(&self) -> Vec<(&'static str, u64)> {
        CODES.iter().zip(&self.refused).map(|(code, count)| (*code, count.load(Ordering::Relaxed))).collect()
    }
}

const CODES: [&str; 6] =
    ["token_missing", "token_invalid", "token_expired", "token_revoked", "forbidden", "unavailable"];
