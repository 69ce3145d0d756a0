/// What a guard knows about revocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// The feed stated within the lease that the guard has all of them.
    Fresh,
    /// They were loaded, and the feed has been silent, or not to be believed, for longer than the lease.
    Stale,
    /// They were never loaded.
    Cold,
}

/// What happens to a token that is good as far as the guard knows, while it does not know the latest revocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It is accepted until its `exp`: what every service without a feed does, always.
    #[default]
    Accept,
    /// It is answered with 503 `unavailable`.
    Refuse,
}

/// The policy of a guard, a layer or a route.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policies {
    pub(crate) stale: Policy,
    pub(crate) cold: Policy,
}

impl Policies {
    pub(crate) fn allows(self, freshness: Freshness) -> bool {
        match freshness {
            Freshness::Fresh => true,
            Freshness::Stale => self.stale == Policy::Accept,
            Freshness::Cold => self.cold == Policy::Accept,
        }
    }

    /// Whether it allows everything, so that freshness need not be looked at.
    pub(crate) fn is_lenient(self) -> bool {
        self.stale == Policy::Accept && self.cold == Policy::Accept
    }
}

impl Freshness {
    /// The name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Cold => "cold",
        }
    }
}
