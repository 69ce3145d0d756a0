//! Keys that another node has made a moment ago: whoever meets a token of one looks before refusing it.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokenry_jwt::VerifyError;

use crate::authority::Authority;
use crate::error::Error;
use crate::flight::Flight;
use crate::keys::KeyRing;

/// Bounds how often the keys are read because of tokens that anyone can make up.
#[derive(Debug)]
pub(in crate::authority) struct Lookout {
    flight: Flight,
    pace: DefaultDirectRateLimiter,
}

impl Lookout {
    pub(in crate::authority) fn new() -> Self {
        let quota = Quota::per_second(LOOKS_PER_SECOND).allow_burst(LOOKS_AT_ONCE);
        Self { flight: Flight::new(), pace: RateLimiter::direct(quota) }
    }

    /// Returns when a look that began after this call has ended: one for all who wait at the same time.
    pub(super) async fn share(&self, look: impl AsyncFnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let paced = async || {
            self.pace.until_ready().await;
            look().await
        };
        self.flight.share(paced, || Error::Unavailable("the keys could not be read a moment ago".to_owned())).await
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
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn looks_in_a_row_are_slowed_down() {
        let (lookout, looks) = (Lookout::new(), Cell::new(0));
        let look = async || {
            looks.set(looks.get() + 1);
            Ok(())
        };
        let mut context = Context::from_waker(Waker::noop());
        let is_slowed = |_| pin!(lookout.share(look)).as_mut().poll(&mut context).is_pending();
        assert!((0..1000).any(is_slowed), "{}", looks.get());
    }
}
