//! Whether this process stood still: a virtual machine paused, a laptop closed, `SIGSTOP`.
//!
//! What waited in its sockets meanwhile arrives as if it had just been sent. How long it may have waited is known by
//! this alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokenry_domain::time::{Clock, Timestamp};

use crate::clock::SystemClock;
use crate::upkeep::every;

/// A heart that beats twice a second, as long as the process runs.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<Beats>);

#[derive(Default)]
struct Beats {
    last: Option<Moment>,
    /// The last time that it stood still, and until when what waited then may still arrive.
    stood_still: Option<(Duration, Instant)>,
}

/// One clock does not count while a machine sleeps, the other is set by people.
#[derive(Clone, Copy)]
struct Moment {
    monotonic: Instant,
    wall: Timestamp,
}

impl Pulse {
    /// Beats until it is dropped.
    pub(crate) async fn beat(&self) {
        let mut ticks = every(BEAT);
        loop {
            ticks.tick().await;
            if let Some(gap) = self.beat_at(Moment::now()) {
                tracing::warn!(seconds = gap.as_secs(), "this process stood still");
            }
        }
    }

    /// How long a request that arrives now may have waited before; zero where nobody knows.
    pub(crate) fn held(&self) -> Duration {
        self.held_at(Moment::now())
    }

    fn beat_at(&self, now: Moment) -> Option<Duration> {
        let mut beats = self.lock();
        let gap = beats.last.replace(now).and_then(|last| now.gap_since(last));
        if let Some(gap) = gap {
            beats.stood_still = Some((gap, now.monotonic + ARRIVING));
        }
        gap
    }

    fn held_at(&self, now: Moment) -> Duration {
        let beats = self.lock();
        let standing = beats.last.and_then(|last| now.gap_since(last));
        let stood = beats.stood_still.filter(|(_, until)| now.monotonic <= *until).map(|(gap, _)| gap);
        standing.max(stood).unwrap_or(Duration::ZERO)
    }

    fn lock(&self) -> MutexGuard<'_, Beats> {
        // Both fields are whole after every assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moment {
    fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemClock.now() }
    }

    /// The time since `last`, if a beat is missing in it.
    fn gap_since(self, last: Self) -> Option<Duration> {
        let gap = self.monotonic.duration_since(last.monotonic).max(self.wall.since(last.wall));
        (gap > 2 * BEAT).then_some(gap)
    }
}

const BEAT: Duration = Duration::from_millis(500);
/// How long it takes at most until all that waited has been read.
const ARRIVING: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_waited_as_long_as_the_heart_stood_still() {
        let pulse = Pulse::default();
        let start = Moment::now();
        let at = |monotonic, wall| Moment {
            monotonic: start.monotonic + Duration::from_millis(monotonic),
            wall: start.wall + Duration::from_millis(wall),
        };
        assert_eq!(pulse.held_at(at(60_000, 60_000)), Duration::ZERO, "nothing is known before the first beat");
        for (beat, gap) in [(0, None), (500, None), (1_200, None), (61_200, Some(60_000))] {
            assert_eq!(pulse.beat_at(at(beat, beat)), gap.map(Duration::from_millis), "at {beat}");
        }
        // Before the next beat, and until all that waited has arrived.
        assert_eq!(pulse.held_at(at(61_300, 61_300)), Duration::from_secs(60));
        assert_eq!(pulse.held_at(at(92_000, 92_000)), Duration::from_millis(30_800));
        for beat in (61_700..=73_000).step_by(500) {
            assert_eq!(pulse.beat_at(at(beat, beat)), None);
        }
        assert_eq!(pulse.held_at(at(73_000, 73_000)), Duration::ZERO);
        // A machine that slept: one of the clocks stood still with it. A clock set back says nothing.
        assert_eq!(pulse.held_at(at(73_000, 193_000)), Duration::from_millis(120_300));
        assert_eq!(pulse.held_at(at(73_000, 0)), Duration::ZERO);
    }
}
