//! Variants of the protocol that each lack one of its rules: the check must notice.

use std::time::Duration;

use tokenry_domain::refresh::{Decision, Presented, Receipts, RefreshState, decide};

use crate::world::Decide;

/// The repeat window is read before the keys.
pub(crate) const WINDOW_ABOVE_KEYS: Decide = |state, ended, presented, window, now| {
    let is_recent = state.child.is_some_and(|child| now.since(child.issued_at) <= window);
    match !ended && presented.position == state.head && is_recent {
        true => Decision::Repeat { next: None },
        false => decide(state, ended, presented, window, now),
    }
};

/// A session whose client has used keys is not remembered as keyed.
pub(crate) const KEYED_NOT_STICKY: Decide = |state, ended, presented, window, now| {
    decide(&RefreshState { keyed: false, ..state.clone() }, ended, presented, window, now)
};

/// A plain client whose answer was lost gets no sibling.
pub(crate) const NO_FORK: Decide =
    |state, ended, presented, window, now| match decide(state, ended, presented, window, now) {
        Decision::Fork { .. } => Decision::Reuse,
        decision => decision,
    };

/// When the head moved is forgotten.
pub(crate) const NO_RECEIPTS: Decide = |state, ended, presented, window, now| {
    decide(&RefreshState { receipts: Receipts::default(), ..state.clone() }, ended, presented, window, now)
};

/// A repeat is answered for ever.
pub(crate) const WINDOW_UNBOUNDED: Decide =
    |state, ended, presented, _, now| decide(state, ended, presented, Duration::from_secs(1 << 30), now);

/// What was held in the server accuses its sender.
pub(crate) const HELD_ACCUSES: Decide = |state, ended, presented, window, now| {
    decide(state, ended, Presented { held: Duration::ZERO, ..presented }, window, now)
};
