use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

/// A subscriber's place among those that there may be.
///
/// An event is fetched when the one before it was sent, so a reader that stands still is one that does not come back. Its
/// connection may be alive all the same: on HTTP/2 a stream can be held for ever while others of it go on.
#[derive(Debug)]
pub(super) struct Seat {
    /// Where its holder is.
    pub(super) network: Option<IpAddr>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    /// When it left with an event, in beats; `HERE` while it waits for one.
    left: AtomicU64,
}

impl Seat {
    pub(super) fn new(place: OwnedSemaphorePermit, network: Option<IpAddr>) -> Self {
        Self { network, place: Mutex::new(Some(place)), left: AtomicU64::new(HERE) }
    }

    /// Whether the seat is still there to come back to.
    pub(super) fn come_back(&self) -> bool {
        self.left.store(HERE, Ordering::Relaxed);
        self.has_place()
    }

    pub(super) fn has_place(&self) -> bool {
        self.place().is_some()
    }

    /// Gives the place to someone else.
    pub(super) fn give_up(&self) {
        self.place().take();
    }

    pub(super) fn leave_with_event(&self, beat: u64) {
        self.left.store(beat, Ordering::Relaxed);
    }

    /// Gives the place to someone else if its holder has been away for too long. Whether it has it still.
    pub(super) fn keep(&self, beat: u64) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        let is_gone = left != HERE && beat.saturating_sub(left) > PATIENCE;
        if is_gone {
            self.give_up();
        }
        !is_gone
    }

    fn place(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const HERE: u64 = u64::MAX;
/// How many beats a subscriber may take to read one event.
const PATIENCE: u64 = 30;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[test]
    fn a_place_is_lost_by_who_does_not_come_back_and_by_no_one_who_waits() {
        let places = Arc::new(Semaphore::new(2));
        let take = || Seat::new(Arc::clone(&places).try_acquire_owned().unwrap(), None);
        let (slow, waiting) = (take(), take());
        assert!(slow.come_back() && waiting.come_back());
        slow.leave_with_event(10);
        assert!(slow.keep(10 + PATIENCE) && waiting.keep(1000));
        assert_eq!(places.available_permits(), 0);
        assert!(!slow.keep(11 + PATIENCE));
        assert_eq!(places.available_permits(), 1);
        assert!(!slow.come_back() && waiting.come_back());
        // Who comes back in time has all the time again.
        waiting.leave_with_event(100);
        assert!(waiting.come_back() && waiting.keep(1000));
    }
}
