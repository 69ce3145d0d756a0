use std::iter;
use std::time::Duration;

use super::accounts::Names;
use super::{Authority, Caller, Context, event};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::id::UserId;
use crate::mail::Letter;
use crate::name::{Email, Username};
use crate::password::Password;
use crate::session::{End, EndReason, Session};
use crate::store::{Conflict, Sessions, StoreError, Write};
use crate::time::Timestamp;

/// What a user changes of the own account. `None`: leave it; `Some(None)`: remove it.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The username.
    pub username: Option<Option<String>>,
    /// The e-mail address. A new one counts as unverified.
    pub email: Option<Option<String>>,
}

impl Authority {
    /// Changes the caller's own names. Where mail is sent, an address that was verified is changed by a link alone
    /// ([`Authority::request_email_change`]): whoever holds a session for a moment must not keep the account.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        change: ProfileChange,
        context: &Context,
    ) -> Result<User, Error> {
        // Whether a name is taken is told as at sign-up, and not more often.
        if change.username.is_some() || change.email.is_some() {
            self.throttle.signup(context.client.address).map_err(Error::RateLimited)?;
        }
        self.update_user(
            caller.user.id,
            |user| {
                let verified = user.email.as_ref().filter(|_| self.settings.mail && user.email_verified);
                let is_same =
                    |email: &Email| change.email.as_ref().is_none_or(|new| new.as_deref() == Some(email.display()));
                if verified.is_some_and(|email| !is_same(email)) {
                    return Err(Error::invalid(
                        "/email",
                        "a verified address is changed by a link that is sent to the new one",
                    ));
                }
                change.apply(user)
            },
            |before, user, now| {
                let (id, sid) = (Some(user.id), Some(caller.session.id));
                let mut writes = vec![event(AuditKind::UserChanged, Actor::User, id, sid, context, now)];
                writes.extend(self.moved(before, user, context, now)?);
                Ok(writes)
            },
        )
        .await
    }

    /// Changes the caller's password. Every other session ends.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Option<String>,
        new: String,
        context: &Context,
    ) -> Result<(), Error> {
        let new = Password::new(new).map_err(Error::password("/new_password"))?;
        let user = self.confirm(caller, current, context).await?;
        self.check_password("/new_password", &new, user.username.as_ref(), user.email.as_ref())?;
        let hash = self.hasher.hash(new).await?;
        let now = self.now();
        let end = End { at: now, reason: EndReason::Password };
        let which = Sessions::OfExcept(user.id, caller.session.id);
        let (id, sid) = (Some(user.id), Some(caller.session.id));
        let user = User { password: Some(hash), updated_at: now, ..user };
        let mut writes = vec![
            Write::UpdateUser(user.clone()),
            Write::EndSessions { which, end, until: self.revoked_until(now) },
            Write::VoidOneTime { user: user.id, not_me_since: None },
            event(AuditKind::PasswordChanged, Actor::User, id, sid, context, now),
        ];
        writes.extend(self.notice(Letter::PasswordChanged, &user, context, now)?);
        self.store.commit(writes).await?;
        Ok(())
    }

    /// Deletes the caller's own account. All its sessions end.
    pub async fn delete_account(
        &self,
        caller: &Caller,
        current: Option<String>,
        context: &Context,
    ) -> Result<(), Error> {
        let user = self.confirm(caller, current, context).await?;
        self.remove_user(&user, Actor::User, context).await
    }

    /// Reads the caller's account again and compares the password with it: what follows is bound to that version.
    ///
    /// An account without one can be compared with nothing: its user must have logged in just now.
    pub(super) async fn confirm(
        &self,
        caller: &Caller,
        current: Option<String>,
        context: &Context,
    ) -> Result<User, Error> {
        let user = self.store.user(caller.user.id).await?.ok_or(Error::Revoked(Some(EndReason::Disabled)))?;
        if user.password.is_none() {
            return if self.is_fresh(&caller.session) { Ok(user) } else { Err(Error::LoginTooOld) };
        }
        let current = current.ok_or_else(|| Error::missing("/current_password", "is needed"))?;
        let current = Password::new(current).map_err(Error::password("/current_password"))?;
        let account = caller.user.id;
        self.throttle.guess(account, context.client.address).map_err(Error::RateLimited)?;
        if !self.compare(current, Some(&user)).await?.matches {
            return Err(Error::InvalidCredentials);
        }
        self.throttle.success(account, context.client.address);
        Ok(user)
    }

    /// Whether the user of `session` has logged in just now.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.now() < session.created_at + FRESH
    }

    /// What goes along with another address: links to the old one are void, and its owner is told there.
    pub(super) fn moved(
        &self,
        before: &User,
        after: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        if before.email == after.email {
            return Ok(Vec::new());
        }
        let mut writes = vec![Write::VoidOneTime { user: after.id, not_me_since: None }];
        writes.extend(self.notice(Letter::EmailChanged, before, context, now)?);
        Ok(writes)
    }

    /// Whether a change leaves a way in, if there was one. An identity that is unlinked meanwhile changes the account's
    /// version too.
    async fn check_way_in(&self, before: &User, after: &User) -> Result<(), Error> {
        if self.has_way_in(after, iter::empty()) || !self.has_way_in(before, iter::empty()) {
            return Ok(());
        }
        let identities = self.store.identities_of(after.id).await?;
        if self.has_way_in(after, &identities) { Ok(()) } else { Err(Error::LastWayIn) }
    }

    /// Applies `change` to a user by compare-and-swap, with the writes that go along with it, given the user before and
    /// after.
    pub(super) async fn update_user(
        &self,
        id: UserId,
        change: impl Fn(&mut User) -> Result<(), Error>,
        along: impl Fn(&User, &User, Timestamp) -> Result<Vec<Write>, Error>,
    ) -> Result<User, Error> {
        for _ in 0..MOST_TRIES {
            let before = self.store.user(id).await?.ok_or(Error::NotFound("user"))?;
            let mut user = before.clone();
            change(&mut user)?;
            self.check_way_in(&before, &user).await?;
            let now = self.now();
            user.updated_at = now;
            let mut writes = vec![Write::UpdateUser(user.clone())];
            writes.extend(along(&before, &user, now)?);
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            user.version += 1;
            return Ok(user);
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }
}

impl ProfileChange {
    pub(super) fn apply(&self, user: &mut User) -> Result<(), Error> {
        let kept = (user.username.as_ref().map(Username::display), user.email.as_ref().map(Email::display));
        let username = self.username.as_ref().map_or(kept.0, |new| new.as_deref());
        let email = self.email.as_ref().map_or(kept.1, |new| new.as_deref());
        let names = Names::parse(username, email)?;
        user.email_verified &= names.email.as_ref().map(Email::key) == user.email.as_ref().map(Email::key);
        user.username = names.username;
        user.email = names.email;
        Ok(())
    }
}

/// How long a log-in stands in for a password that is not there.
const FRESH: Duration = Duration::from_secs(600);
/// How often a lost race is run again. Losing means that another change of the same account won.
const MOST_TRIES: usize = 32;
