use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::Freshness;

/// How well revocations are known, by a clock that never goes back.
///
/// A statement counts when the issuer made it at most `skew` ago, or ahead, by this machine's date; from its arrival on it
/// holds for `lease`. So a guard that is `fresh` knows all revocations but those of the last `lease` plus `skew`, whoever
/// sits between it and its issuer and whatever he holds back; without such a one, all but those of the last `lease`.
pub(crate) struct FreshnessState {
    lease: Duration,
    skew: i64,
    /// Milliseconds; 0: never loaded, 1: loaded and never fresh.
    until: AtomicU64,
    /// When the last statement that counted arrived, in milliseconds.
    heard: AtomicU64,
    /// The latest date that the issuer stated.
    stated: AtomicI64,
}

impl FreshnessState {
    pub(crate) fn new(lease: Duration, skew: Duration) -> Self {
        let skew = i64::try_from(skew.as_secs()).unwrap_or(i64::MAX);
        Self { lease, skew, until: AtomicU64::new(0), heard: AtomicU64::new(0), stated: AtomicI64::new(0) }
    }

    /// Revocations are loaded, as of whenever.
    pub(crate) fn load(&self) {
        self.until.fetch_max(1, Ordering::Release);
    }

    /// A statement was made at `at` by the issuer's clock, when it is `now` here. Whether it counts.
    pub(crate) fn hear(&self, at: i64, now: i64, elapsed: Duration) -> bool {
        self.stated.fetch_max(at, Ordering::AcqRel);
        let counts = now.saturating_sub(at).saturating_abs() <= self.skew;
        if counts {
            self.until.fetch_max(millis(elapsed + self.lease), Ordering::Release);
            self.heard.store(millis(elapsed), Ordering::Release);
        }
        counts
    }

    /// The earlier of two dates, this machine's and the issuer's: what is over by both stays over, though one of them be
    /// set back.
    pub(crate) fn date(&self, now: i64) -> i64 {
        now.min(self.stated.load(Ordering::Acquire))
    }

    pub(crate) fn now(&self, elapsed: Duration) -> Freshness {
        match self.until.load(Ordering::Acquire) {
            0 => Freshness::Cold,
            until if until > millis(elapsed) => Freshness::Fresh,
            _ => Freshness::Stale,
        }
    }

    /// For how long no statement that counts was heard; `None` when there never was one.
    pub(crate) fn age(&self, elapsed: Duration) -> Option<Duration> {
        let heard = self.heard.load(Ordering::Acquire);
        (heard > 0).then(|| elapsed.saturating_sub(Duration::from_millis(heard)))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(5);
    const SECOND: Duration = Duration::from_secs(1);

    fn state() -> FreshnessState {
        FreshnessState::new(LEASE, Duration::from_secs(30))
    }

    #[test]
    fn a_statement_holds_for_the_lease() {
        let state = state();
        assert_eq!((state.now(SECOND), state.age(SECOND)), (Freshness::Cold, None));
        state.load();
        assert_eq!(state.now(SECOND), Freshness::Stale);
        assert!(state.hear(1000, 1000, SECOND));
        assert_eq!(state.now(SECOND + LEASE - Duration::from_millis(1)), Freshness::Fresh);
        assert_eq!(state.now(SECOND + LEASE), Freshness::Stale);
        assert_eq!(state.age(SECOND + LEASE), Some(LEASE));
    }

    #[test]
    fn a_statement_that_is_held_back_or_lies_about_its_time_does_not_count() {
        let state = state();
        state.load();
        for at in [1000 - 31, 1000 + 31, 0, i64::MIN, i64::MAX] {
            assert!(!state.hear(at, 1000, SECOND), "{at}");
        }
        assert_eq!(state.now(SECOND), Freshness::Stale);
        for at in [1000 - 30, 1000 + 30] {
            assert!(state.hear(at, 1000, SECOND), "{at}");
        }
    }

    #[test]
    fn a_date_set_forward_here_makes_nothing_over() {
        let state = state();
        assert_eq!(state.date(1000), 0);
        state.hear(1000, 1000, SECOND);
        state.hear(990, 1000, SECOND);
        assert_eq!((state.date(999), state.date(5000)), (999, 1000));
    }

    #[test]
    fn the_bound_is_lease_plus_skew_however_often_a_statement_is_replayed() {
        let state = state();
        state.load();
        let fresh_at = |second: i64| {
            let elapsed = Duration::from_secs(second.unsigned_abs());
            state.hear(1000, 1000 + second, elapsed);
            state.now(elapsed) == Freshness::Fresh
        };
        let last = (0..200).filter(|&second| fresh_at(second)).max();
        assert_eq!(last, Some(30 + 5 - 1));
    }
}
