use std::time::{Duration, Instant};

/// Where a guard takes the time from; all of it comes from here.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since 1970, as this machine believes.
    fn now(&self) -> i64;

    /// Time since some fixed moment. It never goes back, whatever happens to the machine's date.
    fn elapsed(&self) -> Duration;
}

/// The machine's own clocks.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where a guard reads the date")]
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
