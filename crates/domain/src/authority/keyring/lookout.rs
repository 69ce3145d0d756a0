//! Keys that another node has made a moment ago: whoever meets a token of one looks before refusing it.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::lock::Mutex;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokenry_jwt::VerifyError;

use crate::authority::Authority;
use crate::error::Error;
use crate::keys::KeyRing;

/// Bounds how often the keys are read because of tokens that anyone can make up.
#[derive(Debug)]
pub(in crate::authority) struct Lookout {
    flight: Mutex<()>,
    begun: AtomicU64,
    /// The number of the newest look that succeeded: one that failed or was given up shows nothing to anyone.
    done: AtomicU64,
    pace: DefaultDirectRateLimiter,
}

impl Lookout {
    pub(in crate::authority) fn new() -> Self {
        let quota = Quota::per_second(LOOKS_PER_SECOND).allow_burst(LOOKS_AT_ONCE);
        Self {
            flight: Mutex::new(()),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            pace: RateLimiter::direct(quota),
        }
    }

    /// Returns when a look that began after this call has ended: one for all who wait at the same time.
    pub(super) async fn share<E>(&self, look: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        let begun = self.begun.load(Ordering::SeqCst);
        let _flight = self.flight.lock().await;
        if self.done.load(Ordering::SeqCst) > begun {
            return Ok(());
        }
        self.pace.until_ready().await;
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        look().await?;
        self.done.store(number, Ordering::SeqCst);
        Ok(())
    }
}

impl Authority {
    /// Judges a token with the keys known here and, when none of them has its name, once more with those of the database.
    pub(in crate::authority) async fn judge<T>(
        &self,
        verify: impl Fn(&KeyRing) -> Result<T, VerifyError>,
    ) -> Result<Result<T, VerifyError>, Error> {
        let keys = self.keys();
        match verify(&keys) {
            Err(VerifyError::UnknownKey { kid: Some(kid) }) if !keys.knows(&kid) => {
                self.reload_keys().await?;
                Ok(verify(&self.keys()))
            }
            judged => Ok(judged),
        }
    }
}

const LOOKS_PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();
const LOOKS_AT_ONCE: NonZeroU32 = NonZeroU32::new(50).unwrap();

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn who_waits_at_the_same_time_shares_a_look_that_began_later() {
        let (lookout, looks, is_open) = (Lookout::new(), Cell::new(0), Cell::new(false));
        let look = async || {
            looks.set(looks.get() + 1);
            poll_fn(|_| if is_open.get() { Poll::Ready(()) } else { Poll::Pending }).await;
            Ok::<(), ()>(())
        };
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(lookout.share(look));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let mut others: Vec<_> = (0..100).map(|_| Box::pin(lookout.share(look))).collect();
        for other in &mut others {
            assert!(other.as_mut().poll(&mut context).is_pending());
        }
        is_open.set(true);
        assert!(first.as_mut().poll(&mut context).is_ready());
        for other in &mut others {
            assert_eq!(other.as_mut().poll(&mut context), Poll::Ready(Ok(())));
        }
        assert_eq!(looks.get(), 2, "what the first saw may be older than their tokens");
    }

    #[test]
    fn looks_in_a_row_are_slowed_down() {
        let (lookout, looks) = (Lookout::new(), Cell::new(0));
        let look = async || {
            looks.set(looks.get() + 1);
            Ok::<(), ()>(())
        };
        let mut context = Context::from_waker(Waker::noop());
        let is_slowed = |_| pin!(lookout.share(look)).as_mut().poll(&mut context).is_pending();
        assert!((0..1000).any(is_slowed), "{}", looks.get());
    }
}
