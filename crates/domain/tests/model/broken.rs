//! Variants of the protocol that each lack one of its rules: the check must notice.

use std::time::Duration;

use tokenry_domain::refresh::{Decision, Presented, Receipts, RefreshState, decide};
use tokenry_domain::time::Timestamp;

/// The repeat window is read before the keys.
pub(crate) fn window_above_keys(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    window: Duration,
    now: Timestamp,
) -> Decision {
    let is_recent = state.child.is_some_and(|child| now.since(child.issued_at) <= window);
    match !ended && presented.position == state.head && is_recent {
        true => Decision::Repeat { next: None },
        false => decide(state, ended, presented, window, now),
    }
}

/// A session whose client has used keys is not remembered as keyed.
pub(crate) fn keyed_not_sticky(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    window: Duration,
    now: Timestamp,
) -> Decision {
    decide(&RefreshState { keyed: false, ..state.clone() }, ended, presented, window, now)
}

/// A plain client whose answer was lost gets no sibling.
pub(crate) fn no_fork(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    window: Duration,
    now: Timestamp,
) -> Decision {
    match decide(state, ended, presented, window, now) {
        Decision::Fork { .. } => Decision::Reuse,
        decision => decision,
    }
}

/// When the head moved is forgotten.
pub(crate) fn no_receipts(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    window: Duration,
    now: Timestamp,
) -> Decision {
    decide(&RefreshState { receipts: Receipts::default(), ..state.clone() }, ended, presented, window, now)
}

/// A repeat is answered for ever.
pub(crate) fn window_unbounded(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    _: Duration,
    now: Timestamp,
) -> Decision {
    decide(state, ended, presented, Duration::from_secs(1 << 30), now)
}

/// What was held in the server accuses its sender.
pub(crate) fn held_accuses(
    state: &RefreshState,
    ended: bool,
    presented: Presented,
    window: Duration,
    now: Timestamp,
) -> Decision {
    decide(state, ended, Presented { held: Duration::ZERO, ..presented }, window, now)
}
