//! Work that many ask for at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::lock::Mutex;

/// Does one thing at a time, and does it once for all who were waiting before it began.
#[derive(Debug, Default)]
pub struct Flight {
    begun: AtomicU64,
    ended: Mutex<Ended>,
}

/// The numbers of the newest that ended so. What was given up shows nothing to anyone.
#[derive(Debug, Default)]
struct Ended {
    well: u64,
    badly: u64,
}

impl Flight {
    /// One that has done nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns when `work` that began after this call has ended, one's own or another's.
    ///
    /// # Errors
    /// That of one's own work; where another's failed, what `shared` says: to try once more, each after the other, would
    /// make everyone wait for as long as all of them take.
    pub async fn share<E>(
        &self,
        work: impl AsyncFnOnce() -> Result<(), E>,
        shared: impl FnOnce() -> E,
    ) -> Result<(), E> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut ended = self.ended.lock().await;
        if ended.well > begun {
            return Ok(());
        }
        if ended.badly > begun {
            return Err(shared());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = work().await;
        match outcome {
            Ok(()) => ended.well = number,
            Err(_) => ended.badly = number,
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn who_waits_at_the_same_time_shares_what_began_later() {
        for outcome in [Ok(()), Err("own")] {
            let (flight, works, is_open) = (Flight::new(), Cell::new(0), Cell::new(false));
            let work = async || {
                works.set(works.get() + 1);
                poll_fn(|_| if is_open.get() { Poll::Ready(()) } else { Poll::Pending }).await;
                outcome
            };
            let share = || flight.share(work, || "shared");
            let mut context = Context::from_waker(Waker::noop());
            let mut first = pin!(share());
            assert!(first.as_mut().poll(&mut context).is_pending());
            let mut others: Vec<_> = (0..100).map(|_| Box::pin(share())).collect();
            for other in &mut others {
                assert!(other.as_mut().poll(&mut context).is_pending());
            }
            is_open.set(true);
            assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(outcome));
            let outcomes: Vec<_> = others.iter_mut().map(|other| other.as_mut().poll(&mut context)).collect();
            assert_eq!(outcomes[0], Poll::Ready(outcome));
            assert!(outcomes[1..].iter().all(|other| *other == Poll::Ready(outcome.map_err(|_| "shared"))));
            assert_eq!(works.get(), 2, "what the first found may be older than what they ask for");
            assert_eq!(pin!(share()).poll(&mut context), Poll::Ready(outcome));
            assert_eq!(works.get(), 3, "whoever comes later asks anew");
        }
    }

    #[test]
    fn what_was_given_up_shows_nothing() {
        let (flight, works) = (Flight::new(), Cell::new(0));
        let mut context = Context::from_waker(Waker::noop());
        let mut given_up = Box::pin(flight.share(async || std::future::pending().await, || ()));
        assert!(given_up.as_mut().poll(&mut context).is_pending());
        let mut other = pin!(flight.share(
            async || {
                works.set(works.get() + 1);
                Ok(())
            },
            || ()
        ));
        assert!(other.as_mut().poll(&mut context).is_pending());
        drop(given_up);
        assert_eq!(other.as_mut().poll(&mut context), Poll::Ready(Ok(())));
        assert_eq!(works.get(), 1);
    }
}
