//! Using a link. Whoever does has proven to read mail at the address that it was sent to.
//!
//! An account whose address was never verified may have been made by someone else (pre-hijacking). So the first proof
//! ends every session that began before it, unlinks every identity, and voids every other link and the password, unless a
//! session of the account brings it.

use super::{Authority, Caller, Context, LoggedIn, event, event_of};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::error::{Error, Taken};
use crate::id::UserId;
use crate::keys::KeyRing;
use crate::mail::Letter;
use crate::name::Email;
use crate::one_time::{OneTimeToken, Presented, Purpose};
use crate::password::Password;
use crate::session::{End, EndReason, Method, Session};
use crate::store::{Conflict, Sessions, StoreError, Write};
use crate::time::Timestamp;
use tokenry_jwt::VerifyError;

/// A link that can be used.
struct Link {
    row: OneTimeToken,
    /// Another account that has the address which the link was sent to.
    holder: Option<User>,
    now: Timestamp,
}

impl Authority {
    /// What a link is about, without using it: the address that it was sent to.
    pub async fn read_link(&self, token: &str, purpose: Purpose, context: &Context) -> Result<Email, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        let (row, _) = self.find_link(token, purpose).await?;
        Ok(row.email)
    }

    /// Verifies the address of an account. At the first time all its sessions end, except the one that brings the link;
    /// brought by none of them, it also voids the password, and its reader is sent a link that sets a new one.
    pub async fn verify_email(&self, token: &str, own: Option<&Caller>, context: &Context) -> Result<User, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        self.use_link(token, Purpose::VerifyEmail, |link, user| {
            let (row, now) = (&link.row, link.now);
            let (had_password, own) = (user.password.is_some(), own_of(own, &user));
            let (user, mut writes) = self.proven(user, own, now);
            writes.extend([
                Write::UpdateUser(user.clone()),
                event(AuditKind::EmailVerified, Actor::User, Some(row.user), own.map(|own| own.id), context, now),
            ]);
            writes.extend(self.another_password(had_password, &user, row.email.clone(), context, now)?);
            Ok((writes, user))
        })
        .await
    }

    /// Sets a new password. Every session ends, every other link is void, and the owner is told.
    pub async fn reset_password(&self, token: &str, new: String, context: &Context) -> Result<(), Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        let new = Password::new(new).map_err(Error::password("/new_password"))?;
        // Before the costly hash, so that only who holds a link can ask for one.
        let (_, user) = self.find_link(token, Purpose::ResetPassword).await?;
        self.check_password("/new_password", &new, user.username.as_ref(), user.email.as_ref())?;
        let hash = self.hasher.hash(new).await?;
        self.use_link(token, Purpose::ResetPassword, |link, user| {
            let (row, now) = (&link.row, link.now);
            let (user, unproven) = self.proven(user, None, now);
            let user = User { password: Some(hash.clone()), ..user };
            let mut writes = vec![
                Write::UpdateUser(user.clone()),
                self.end_all(row.user, EndReason::Password, now),
                Write::VoidOneTime { user: row.user, not_me_since: None },
                event(AuditKind::PasswordChanged, Actor::User, Some(row.user), None, context, now),
            ];
            writes.extend(unproven);
            writes.extend(self.notice(Letter::PasswordChanged, &user, context, now)?);
            Ok((writes, ()))
        })
        .await
    }

    /// Begins a session. At the first proof of the address the account is its reader's alone: the password that it had
    /// until then no longer works.
    pub async fn log_in_by_link(&self, token: &str, method: Method, context: &Context) -> Result<LoggedIn, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        let (row, user) = self.find_link(token, Purpose::LogIn).await?;
        let room = self.room_for_one_more(row.user).await?;
        let notice = self.notice_of_device(&user, context, self.now()).await?;
        let lead = |link: &Link, user: User| {
            let (row, now) = (&link.row, link.now);
            let (before, was_verified) = (user.version, user.email_verified);
            let (user, mut writes) = self.proven(user, None, now);
            if was_verified {
                writes.push(Write::ExpectUser { id: user.id, version: before });
                writes.extend(room.clone());
                writes.extend(notice.clone());
            } else {
                writes.extend([
                    Write::UpdateUser(user.clone()),
                    event(AuditKind::EmailVerified, Actor::User, Some(row.user), None, context, now),
                ]);
            }
            let (session, cookie) = self.begin(method, &user, context, now)?;
            let detail = serde_json::json!({ "by": "link" });
            let (id, sid) = (Some(user.id), Some(session.id));
            writes.extend([
                Write::InsertSession(session.clone()),
                event_of(AuditKind::LoggedIn, Actor::User, id, sid, context, detail, now),
            ]);
            let granted = self.grant(session, cookie, &user, now)?;
            Ok((writes, LoggedIn { user, granted }))
        };
        let done = self.use_link(token, Purpose::LogIn, lead).await?;
        self.keep_to_the_limit(done.user.id).await?;
        Ok(done)
    }

    /// Moves an account to the address that the link was sent to. The old address is told, if it was known to be the
    /// owner's, and can take the account back; if it was not, this is the first proof of one, with all that a first proof
    /// ends. Another account that has the new address and never verified it loses it.
    pub async fn change_email(&self, token: &str, own: Option<&Caller>, context: &Context) -> Result<User, Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        self.use_link(token, Purpose::ChangeEmail, |link, user| {
            let (row, now) = (&link.row, link.now);
            let mut writes = self.freed(link.holder.as_ref(), context, now)?;
            let notice = self.notice(Letter::EmailChanged, &user, context, now)?;
            let (had_password, own) = (user.password.is_some(), own_of(own, &user));
            let user = User { email: Some(row.email.clone()), ..user };
            let (user, unproven) = self.proven(user, own, now);
            writes.extend(unproven);
            writes.extend([
                Write::UpdateUser(user.clone()),
                Write::VoidOneTime { user: row.user, not_me_since: None },
                event(AuditKind::EmailChanged, Actor::User, Some(row.user), None, context, now),
            ]);
            writes.extend(notice);
            writes.extend(self.another_password(had_password, &user, row.email.clone(), context, now)?);
            Ok((writes, user))
        })
        .await
    }

    /// Takes an account back for the address that a notice was sent to: all its sessions end, its password, every other
    /// link and every identity that was linked since the notice are void, the address is the account's again, and it
    /// receives a link that sets a new password.
    ///
    /// Of several such links the older stays when a newer is used: an intruder's can't void the owner's. Where another
    /// account has shown the address to be its own by now, this one is left without an address rather than with the
    /// intruder's.
    pub async fn not_me(&self, token: &str, context: &Context) -> Result<(), Error> {
        self.throttle.link(context.client.address).map_err(Error::RateLimited)?;
        self.use_link(token, Purpose::NotMe, |link, user| {
            let (row, now) = (&link.row, link.now);
            let is_gone = link.holder.as_ref().is_some_and(|holder| holder.email_verified);
            let (mut writes, user) = if is_gone {
                (Vec::new(), self.without_email(&user)?)
            } else {
                let email = Some(row.email.clone());
                (self.freed(link.holder.as_ref(), context, now)?, User { email, email_verified: true, ..user })
            };
            let user = User { password: None, updated_at: now, ..user };
            writes.extend([
                Write::UpdateUser(user.clone()),
                self.end_all(row.user, EndReason::Logout, now),
                Write::VoidOneTime { user: row.user, not_me_since: Some(row.created_at) },
                Write::RemoveIdentities { user: row.user, since: row.created_at, kept: None },
                event(AuditKind::NotMeReported, Actor::User, Some(row.user), None, context, now),
            ]);
            if !is_gone && self.settings.mail {
                writes.extend(self.letter(Letter::PasswordReset, &user, row.email.clone(), context, now)?);
            }
            Ok((writes, ()))
        })
        .await
    }

    /// Spends a link together with the writes that it leads to: of all who use it at once, one succeeds.
    ///
    /// The user that `lead` is given is the one that its writes must expect.
    async fn use_link<T>(
        &self,
        token: &str,
        purpose: Purpose,
        lead: impl Fn(&Link, User) -> Result<(Vec<Write>, T), Error>,
    ) -> Result<T, Error> {
        for _ in 0..MOST_TRIES {
            let (row, user) = self.find_link(token, purpose).await?;
            let holder = match purpose {
                Purpose::ChangeEmail | Purpose::NotMe => self.store.user_by_email(&row.email).await?,
                Purpose::VerifyEmail | Purpose::ResetPassword | Purpose::LogIn => None,
            };
            let link = Link { holder: holder.filter(|other| other.id != user.id), row, now: self.now() };
            let (mut writes, done) = lead(&link, user)?;
            writes.insert(0, Write::SpendOneTime(link.row.id));
            match self.store.commit(writes).await {
                // Of two who come to have the address, the later one is seen the next time.
                Err(StoreError::Conflict(Conflict::Changed | Conflict::Email)) => continue,
                committed => committed?,
            };
            return Ok(done);
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }

    /// The row of a link and its account, if the link could be used now.
    async fn find_link(&self, token: &str, purpose: Purpose) -> Result<(OneTimeToken, User), Error> {
        let now = self.now();
        let verify = |keys: &KeyRing| self.one_time.verify(token, keys.one_time_keys(), now.seconds());
        let claims = self.judge(verify).await?.map_err(|error| match error {
            VerifyError::Expired { .. } => Error::LinkExpired,
            _ => Error::LinkInvalid,
        })?;
        let presented = Presented::read(&claims).filter(|presented| presented.purpose() == purpose);
        let presented = presented.ok_or(Error::LinkInvalid)?;
        let row = self.store.one_time(presented.id()).await?.filter(|row| presented.is_of(row));
        let row = row.ok_or(Error::LinkUsed)?;
        if now >= row.expires_at {
            return Err(Error::LinkExpired);
        }
        let user = self.store.user(row.user).await?.filter(User::is_active).ok_or(Error::LinkUsed)?;
        if row.is_bound_to(&user) { Ok((row, user)) } else { Err(Error::LinkUsed) }
    }

    /// The account of someone who has shown to read mail at its address. At the first proof what began before it ends: every session, every
    /// link, every identity and the password; except the session that brings the proof, the identity by which it began,
    /// and with it the password.
    pub(super) fn proven(&self, user: User, own: Option<&Session>, now: Timestamp) -> (User, Vec<Write>) {
        let is_first = !user.email_verified;
        let password = user.password.clone().filter(|_| !is_first || own.is_some());
        let user = User { email_verified: true, password, updated_at: now, ..user };
        if !is_first {
            return (user, Vec::new());
        }
        let which = own.map_or(Sessions::Of(user.id), |own| Sessions::OfExcept(user.id, own.id));
        let end = End { at: now, reason: EndReason::Logout };
        let kept = own.and_then(|own| own.identity);
        let writes = vec![
            Write::EndSessions { which, end, until: self.revoked_until(now) },
            // Whoever made the account may hold a link that would bring it back to them.
            Write::VoidOneTime { user: user.id, not_me_since: Some(Timestamp::BEGINNING) },
            Write::RemoveIdentities { user: user.id, since: Timestamp::BEGINNING, kept },
        ];
        (user, writes)
    }

    /// A link that sets a new password, if the account had one and has none any more.
    fn another_password(
        &self,
        had_one: bool,
        user: &User,
        to: Email,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        match had_one && user.password.is_none() && self.settings.mail {
            true => Ok(self.letter(Letter::PasswordReset, user, to, context, now)?.into()),
            false => Ok(Vec::new()),
        }
    }

    /// Takes its address from an account that never showed it to be its own, for the one that has.
    fn freed(&self, holder: Option<&User>, context: &Context, now: Timestamp) -> Result<Vec<Write>, Error> {
        let Some(holder) = holder else { return Ok(Vec::new()) };
        if holder.email_verified {
            return Err(Error::AccountExists(Taken::Email));
        }
        let user = User { updated_at: now, ..self.without_email(holder)? };
        Ok(vec![
            Write::UpdateUser(user),
            Write::VoidOneTime { user: holder.id, not_me_since: Some(Timestamp::BEGINNING) },
            event(AuditKind::UserChanged, Actor::System, Some(holder.id), None, context, now),
        ])
    }

    /// The account without its address, and with a name all the same.
    fn without_email(&self, user: &User) -> Result<User, Error> {
        let username = match &user.username {
            Some(username) => username.clone(),
            None => self.made_up("user")?,
        };
        Ok(User { username: Some(username), email: None, email_verified: false, ..user.clone() })
    }

    pub(super) fn end_all(&self, user: UserId, reason: EndReason, now: Timestamp) -> Write {
        Write::EndSessions { which: Sessions::Of(user), end: End { at: now, reason }, until: self.revoked_until(now) }
    }
}

/// The session that brings a link, if it is one of the link's account.
fn own_of<'a>(caller: Option<&'a Caller>, user: &User) -> Option<&'a Session> {
    caller.filter(|caller| caller.user.id == user.id).map(|caller| &caller.session)
}

/// How often a lost race is run again. Who lost it for the link itself finds that it is gone.
const MOST_TRIES: usize = 8;
