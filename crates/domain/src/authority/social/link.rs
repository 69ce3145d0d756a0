use zeroize::Zeroizing;

use super::MOST_TRIES;
use super::arrive::by;
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::authority::{Authority, Caller, Context, event_of};
use crate::error::Error;
use crate::id::{IdentityId, UserId};
use crate::identity::{Identity, Person};
use crate::mail::Letter;
use crate::pending::{AppRequest, Offer, PendingId, Waiting, Way};
use crate::session::{End, EndReason, EndReason::Disabled};
use crate::store::{Conflict, Sessions, StoreError, Write};

/// An identity that was linked, and where to go on.
pub struct Linked {
    /// Where it came from.
    pub way: Way,
    /// The code for the app that waits for one.
    pub code: Option<(Zeroizing<String>, AppRequest)>,
}

impl Authority {
    /// A user's identities, oldest first.
    pub async fn identities(&self, user: UserId) -> Result<Vec<Identity>, Error> {
        Ok(self.store.identities_of(user).await?)
    }

    /// What is offered to whoever holds `secret`. Reading it changes nothing.
    pub async fn read_offer(&self, secret: &str, context: &Context) -> Result<Offer, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        match self.waiting(secret).await? {
            Some(Waiting::Offer(offer)) => Ok(offer),
            _ => Err(Error::LinkUsed),
        }
    }

    /// Links the identity that is offered to the caller's account. Only the account that it is offered to may confirm.
    pub async fn accept_offer(&self, secret: &str, caller: &Caller, context: &Context) -> Result<Linked, Error> {
        for _ in 0..MOST_TRIES {
            let offer = self.read_offer(secret, context).await?;
            if offer.user != caller.user.id {
                return Err(Error::Forbidden("it is offered to another account"));
            }
            let now = self.now();
            let user = self.store.user(offer.user).await?.filter(User::is_active);
            let before = user.ok_or(Error::Revoked(Some(Disabled)))?;
            if self.store.identities_of(before.id).await?.len() >= MOST_IDENTITIES {
                return Err(Error::Forbidden("no account has more than 20 identities"));
            }
            let identity = self.new_identity(before.id, &offer.provider, offer.label, offer.person, now)?;
            let mut writes = vec![
                Write::SpendPending(PendingId::of(secret)),
                Write::UpdateUser(User { updated_at: now, ..before.clone() }),
                Write::InsertIdentity(identity.clone()),
                by(AuditKind::IdentityLinked, &identity, context, now),
            ];
            writes.extend(self.notice(Letter::IdentityLinked, &before, context, now)?);
            let mut code = None;
            if let Some(app) = &offer.way.app {
                let (write, made) = self.code_for(&identity, app)?;
                writes.push(write);
                code = Some((made, app.clone()));
            }
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                Err(StoreError::Conflict(Conflict::Identity)) => return Err(Error::IdentityTaken),
                committed => committed?,
            };
            return Ok(Linked { way: offer.way, code });
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }

    /// Unlinks one of the caller's identities, unless there would be no way in left. The sessions that began with it end,
    /// except the caller's own.
    pub async fn unlink(&self, caller: &Caller, id: IdentityId, context: &Context) -> Result<(), Error> {
        for _ in 0..MOST_TRIES {
            let user = self.store.user(caller.user.id).await?.ok_or(Error::Revoked(Some(Disabled)))?;
            let identities = self.store.identities_of(user.id).await?;
            let identity = identities.iter().find(|one| one.id == id).ok_or(Error::NotFound("identity"))?;
            if !self.has_way_in(&user, identities.iter().filter(|one| one.id != id)) {
                return Err(Error::LastWayIn);
            }
            let now = self.now();
            let which = Sessions::OfIdentity(user.id, id, Some(caller.session.id));
            let end = End { at: now, reason: EndReason::Logout };
            let writes = vec![
                Write::UpdateUser(User { updated_at: now, ..user.clone() }),
                Write::RemoveIdentity { id, user: user.id },
                Write::EndSessions { which, end, until: self.revoked_until(now) },
                by(AuditKind::IdentityUnlinked, identity, context, now),
            ];
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => return Ok(committed.map(drop)?),
            }
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }

    /// Follows a provider's notice that a person has withdrawn their consent, or `is_gone` there: the sessions that began
    /// with the identity end. The identity of one who is gone is unlinked, unless there would be no way in left; who only
    /// withdrew comes back by consenting again.
    pub async fn withdraw(&self, person: &Person, is_gone: bool, context: &Context) -> Result<(), Error> {
        for _ in 0..MOST_TRIES {
            let Some(identity) = self.store.identity(person).await? else { return Ok(()) };
            let (id, user_id, now) = (identity.id, identity.user, self.now());
            let user = self.store.user(user_id).await?.ok_or(Error::NotFound("user"))?;
            let identities = self.store.identities_of(user_id).await?;
            let unlinks = is_gone && self.has_way_in(&user, identities.iter().filter(|one| one.id != id));
            let end = End { at: now, reason: EndReason::Logout };
            let which = Sessions::OfIdentity(user_id, id, None);
            let detail = serde_json::json!({ "by": identity.provider, "unlinked": unlinks });
            let mut writes = vec![
                Write::EndSessions { which, end, until: self.revoked_until(now) },
                event_of(AuditKind::IdentityWithdrawn, Actor::System, Some(user_id), None, context, detail, now),
            ];
            if unlinks {
                writes.push(Write::UpdateUser(User { updated_at: now, ..user }));
                writes.push(Write::RemoveIdentity { id, user: user_id });
            }
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => return Ok(committed.map(drop)?),
            }
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }
}

/// Most identities of one account.
const MOST_IDENTITIES: usize = 20;
