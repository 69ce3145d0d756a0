//! Coming from elsewhere: a log-in, or a link, by way of an identity provider.
//!
//! A browser departs with a `state` for the provider and a verifier for itself, and the provider sends it back with the
//! `state`. Only the browser that holds the verifier may go on, once (RFC 9700 section 4.7): the store holds hashes.

mod arrive;
mod code;
mod link;

use zeroize::Zeroizing;

use super::{Authority, Context};
use crate::account::User;
use crate::error::Error;
use crate::id::UserId;
use crate::identity::Identity;
use crate::pending::{self, Attempt, Pending, PendingId, Waiting, Way};
use crate::store::{Conflict, StoreError, Write};

pub use arrive::Arrived;
pub use link::Linked;

/// What a browser takes along to a provider.
pub struct Departure {
    /// What the provider sends back (RFC 6749 section 10.12).
    pub state: Zeroizing<String>,
    /// What the provider's id token repeats.
    pub nonce: String,
    /// What the verifier hashes to, for the provider (RFC 7636).
    pub challenge: String,
    /// The browser's own secret; the provider is shown it when the code is exchanged.
    pub verifier: Zeroizing<String>,
}

impl Authority {
    /// Begins a log-in at `provider`, or a link for the user who is `linking`.
    pub async fn depart(
        &self,
        provider: &str,
        way: Way,
        linking: Option<UserId>,
        context: &Context,
    ) -> Result<Departure, Error> {
        self.throttle.departure(context.client.address).map_err(Error::RateLimited)?;
        let secret = || pending::secret(&*self.random);
        let (state, verifier, nonce) = (secret()?, secret()?, secret()?.to_string());
        let challenge = pending::challenge(&verifier);
        let (provider, kept) = (provider.to_owned(), challenge.clone());
        let attempt = Attempt { provider, nonce: nonce.clone(), challenge: kept, way, linking };
        self.store.commit(vec![self.wait(&state, Waiting::Attempt(attempt))]).await?;
        Ok(Departure { state, nonce, challenge, verifier })
    }

    /// Takes up the attempt of `state` again, once, in the browser that holds its `verifier`. Nothing is asked of a
    /// provider before.
    pub async fn come_back(
        &self,
        provider: &str,
        state: &str,
        verifier: &str,
        context: &Context,
    ) -> Result<Attempt, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        let Some(Waiting::Attempt(attempt)) = self.waiting(state).await? else { return Err(Error::StateInvalid) };
        // RFC 9700 section 4.4: an answer of one provider is never taken to another.
        if attempt.provider != provider || !pending::is_verified(verifier, &attempt.challenge) {
            return Err(Error::StateInvalid);
        }
        match self.store.commit(vec![Write::SpendPending(PendingId::of(state))]).await {
            Err(StoreError::Conflict(Conflict::Changed)) => Err(Error::StateInvalid),
            spent => Ok(spent.map(|_| attempt)?),
        }
    }

    /// Lets `what` wait for whoever shows `secret`.
    fn wait(&self, secret: &str, what: Waiting) -> Write {
        let expires_at = self.now() + what.life();
        Write::InsertPending(Pending { id: PendingId::of(secret), what, expires_at })
    }

    /// What waits for `secret`, if it still does.
    async fn waiting(&self, secret: &str) -> Result<Option<Waiting>, Error> {
        let found = self.store.pending(PendingId::of(secret)).await?;
        Ok(found.filter(|pending| !pending.is_over(self.now())).map(|pending| pending.what))
    }

    /// Whether `user` can come in by a password, by one of `identities`, or by a link in a mail.
    pub(super) fn has_way_in<'a>(&self, user: &User, identities: impl IntoIterator<Item = &'a Identity>) -> bool {
        let is_open = |identity: &Identity| self.settings.providers.contains(&identity.provider);
        user.password.is_some()
            || (self.settings.mail && user.email.is_some() && user.email_verified)
            || identities.into_iter().any(is_open)
    }
}

/// How often a lost race is run again.
const MOST_TRIES: usize = 8;
