//! What was tried, what was acknowledged, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The clients' side of everything, shared by all of them.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Entries>);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) tallies: BTreeMap<&'static str, Tally>,
    pub(crate) broken: Vec<(Promise, String)>,
    /// Accounts that were made, each to be there once.
    pub(crate) names: Vec<String>,
    /// Sessions whose end was acknowledged, in that order.
    pub(crate) ended: Vec<String>,
    /// Keys whose creation was acknowledged.
    pub(crate) keys: Vec<String>,
    /// Until when an access token may be of a key that an emergency has revoked.
    pub(crate) distrusted_until: Option<Instant>,
}

/// How often something was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    /// Requests without an answer, or answered with 503: each may have been done or not.
    pub(crate) lost: u64,
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A session whose newest acknowledged pair no longer refreshes.
    SessionLost,
    /// A session whose end was acknowledged, and that still lives or is not in the feed.
    RevocationUndone,
    /// A sign-up, import or key that is there twice, or not although it was acknowledged.
    NotOnce,
    /// Any other answer that no client expects.
    Surprise,
}

impl Journal {
    pub(crate) fn acknowledged(&self, what: &'static str) {
        self.entries().tallies.entry(what).or_default().acknowledged += 1;
    }

    pub(crate) fn lost(&self, what: &'static str) {
        self.entries().tallies.entry(what).or_default().lost += 1;
    }

    pub(crate) fn broken(&self, promise: Promise, how: impl fmt::Display) {
        self.entries().broken.push((promise, how.to_string()));
    }

    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SessionLost => "sessions lost",
            Self::RevocationUndone => "acknowledged revocations undone",
            Self::NotOnce => "sign-ups, imports or keys not there exactly once",
            Self::Surprise => "answers that no client expects",
        })
    }
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SessionLost, Self::RevocationUndone, Self::NotOnce, Self::Surprise];
}
