use super::MOST_TRIES;
use crate::account::User;
use crate::authority::login::LoggedIn;
use crate::authority::{Authority, Context};
use crate::error::Error;
use crate::pending::{self, PendingId, Waiting};
use crate::session::Method;
use crate::store::{Conflict, StoreError, Write};

impl Authority {
    /// Exchanges an app's code for a session of tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
    ///
    /// A code is spent by whoever shows it: one that was overheard is worth one guess at the app's verifier.
    pub async fn redeem_code(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        context: &Context,
    ) -> Result<LoggedIn, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        let Some(Waiting::Code(waiting)) = self.waiting(code).await? else { return Err(Error::CodeInvalid) };
        match self.store.commit(vec![Write::SpendPending(PendingId::of(code))]).await {
            Err(StoreError::Conflict(Conflict::Changed)) => return Err(Error::CodeInvalid),
            spent => spent?,
        };
        if waiting.redirect_uri != redirect_uri || !pending::is_verified(verifier, &waiting.challenge) {
            return Err(Error::CodeInvalid);
        }
        for _ in 0..MOST_TRIES {
            let user = self.store.user(waiting.user).await?.filter(User::is_active);
            let user = user.ok_or(Error::Disabled)?;
            // It may have been unlinked since, or have fallen to the owner of the account's address.
            let identities = self.store.identities_of(user.id).await?;
            let identity = identities.iter().find(|identity| identity.id == waiting.identity);
            let identity = identity.ok_or(Error::CodeInvalid)?;
            let room = self.room_for_one_more(user.id).await?;
            let now = self.now();
            let (mut writes, done) = self.session_by(identity, Method::Token, &user, context, now)?;
            writes.push(Write::ExpectUser { id: user.id, version: user.version });
            writes.extend(room);
            writes.extend(self.notice_of_device(&user, context, now).await?);
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            self.keep_to_the_limit(user.id).await?;
            return Ok(done);
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }
}
