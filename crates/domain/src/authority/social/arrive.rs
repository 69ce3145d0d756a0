use zeroize::Zeroizing;

use super::MOST_TRIES;
use crate::account::{Attributes, User};
use crate::audit::{Actor, AuditKind};
use crate::authority::accounts::Names;
use crate::authority::login::LoggedIn;
use crate::authority::{Authority, Context, event_of};
use crate::error::Error;
use crate::id::{IdentityId, UserId};
use crate::identity::{Arrival, Identity, Person, Profile};
use crate::name::Username;
use crate::pending::{self, AppRequest, Attempt, Code, Offer, Waiting};
use crate::session::Method;
use crate::store::{Conflict, StoreError, Write};
use crate::time::Timestamp;

/// What has become of someone who came from a provider.
pub enum Arrived {
    /// They are logged in, in their browser.
    LoggedIn {
        /// Who, and with what.
        done: Box<LoggedIn>,
        /// Whether the account was made by this.
        is_new: bool,
    },
    /// They are let in, and the app that they came from gets this code.
    Code {
        /// The code.
        code: Zeroizing<String>,
        /// Where it goes.
        request: AppRequest,
        /// Whether the account was made by this.
        is_new: bool,
    },
    /// They may link the identity to an account that they have to show to be theirs. The browser keeps this secret.
    Offered(Zeroizing<String>),
    /// They wanted to link an identity that is theirs already.
    LinkedBefore,
}

impl Authority {
    /// Finds out who someone is that a provider describes, and lets them in as far as they may.
    ///
    /// An address alone opens no account that has shown to be someone's: see [`Arrival`].
    pub async fn arrive(&self, profile: &Profile, attempt: &Attempt, context: &Context) -> Result<Arrived, Error> {
        let person = profile.person().ok_or(Error::Forbidden("the provider names no one"))?;
        let mut is_counted = false;
        for _ in 0..MOST_TRIES {
            // In this order: who sees the account of a first arrival that races sees its identity, too.
            let holder = match &profile.email {
                Some(email) => self.store.user_by_email(email).await?,
                None => None,
            };
            let known = self.store.identity(&person).await?;
            let arrival = Arrival::of(profile, known.as_ref(), holder.as_ref(), attempt.linking);
            let (writes, arrived) = match (arrival, known, holder) {
                (Arrival::OfAnother, ..) => return Err(Error::IdentityTaken),
                (Arrival::Known(_), ..) if attempt.linking.is_some() => return Ok(Arrived::LinkedBefore),
                (Arrival::Known(_), Some(known), _) => self.come_in(&known, attempt, context).await?,
                (Arrival::Offer(user), ..) => self.offer(user, profile, person.clone(), attempt)?,
                (Arrival::TakeOver(_), _, Some(holder)) => {
                    self.take_over(holder, profile, person.clone(), attempt, context)?
                }
                (Arrival::Stranger { has_address }, ..) => {
                    if !is_counted {
                        self.throttle.signup(context.client.address).map_err(Error::RateLimited)?;
                        is_counted = true;
                    }
                    self.sign_up(profile, has_address, person.clone(), attempt, context)?
                }
                (Arrival::Known(_) | Arrival::TakeOver(_), ..) => {
                    return Err(Error::Internal("an arrival without its account".to_owned()));
                }
            };
            match self.store.commit(writes).await {
                // Something of what was read has changed: decide anew.
                Err(StoreError::Conflict(
                    Conflict::Changed | Conflict::Identity | Conflict::Email | Conflict::Username,
                )) => continue,
                committed => committed?,
            };
            if let Arrived::LoggedIn { done, .. } = &arrived {
                self.keep_to_the_limit(done.user.id).await?;
            }
            return Ok(arrived);
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }

    /// Lets in who has linked this identity before. What the provider calls them today changes nothing.
    async fn come_in(
        &self,
        identity: &Identity,
        attempt: &Attempt,
        context: &Context,
    ) -> Result<(Vec<Write>, Arrived), Error> {
        let user = self.store.user(identity.user).await?.filter(User::is_active);
        let user = user.ok_or(Error::Disabled)?;
        let begins_session = attempt.way.app.is_none();
        let room = if begins_session { self.room_for_one_more(user.id).await? } else { Vec::new() };
        let now = self.now();
        let (mut writes, arrived) = self.entry(&user, identity, attempt, false, context, now)?;
        writes.push(Write::ExpectUser { id: user.id, version: user.version });
        if begins_session {
            writes.extend(room);
            writes.extend(self.notice_of_device(&user, context, now).await?);
        }
        Ok((writes, arrived))
    }

    /// Makes an account whose address was never shown to be anyone's the account of the address's owner: whatever its
    /// maker left in it is gone.
    fn take_over(
        &self,
        before: User,
        profile: &Profile,
        person: Person,
        attempt: &Attempt,
        context: &Context,
    ) -> Result<(Vec<Write>, Arrived), Error> {
        let now = self.now();
        if !before.is_active() {
            return Err(Error::Disabled);
        }
        let (user, mut writes) = self.proven(before, None, now);
        let identity = self.new_identity(user.id, &attempt.provider, profile.label(), person, now)?;
        writes.extend([
            Write::UpdateUser(user.clone()),
            Write::InsertIdentity(identity.clone()),
            by(AuditKind::EmailVerified, &identity, context, now),
            by(AuditKind::IdentityLinked, &identity, context, now),
        ]);
        let (entry, arrived) = self.entry(&user, &identity, attempt, false, context, now)?;
        writes.extend(entry);
        Ok((writes, arrived))
    }

    fn sign_up(
        &self,
        profile: &Profile,
        has_address: bool,
        person: Person,
        attempt: &Attempt,
        context: &Context,
    ) -> Result<(Vec<Write>, Arrived), Error> {
        let now = self.now();
        let proven = profile.email.as_ref().filter(|_| profile.email_verified);
        self.check_signup(proven).map_err(|error| match error {
            Error::Invalid(_) => Error::Forbidden("sign-up here needs an address that the provider has verified"),
            error => error,
        })?;
        let email = profile.email.clone().filter(|_| has_address);
        // Every account has a name.
        let username = if email.is_none() { Some(self.made_up(&attempt.provider)?) } else { None };
        let email_verified = profile.email_verified && email.is_some();
        let user = User {
            email_verified,
            ..self.user_with(Names { username, email }, None, Vec::new(), Attributes::new(), now)?
        };
        let identity = self.new_identity(user.id, &attempt.provider, profile.label(), person, now)?;
        let mut writes = vec![
            Write::InsertUser(user.clone()),
            Write::InsertIdentity(identity.clone()),
            by(AuditKind::UserCreated, &identity, context, now),
        ];
        if !email_verified {
            writes.extend(self.first_verification(&user, context, now)?);
        }
        let (entry, arrived) = self.entry(&user, &identity, attempt, true, context, now)?;
        writes.extend(entry);
        Ok((writes, arrived))
    }

    fn offer(
        &self,
        user: UserId,
        profile: &Profile,
        person: Person,
        attempt: &Attempt,
    ) -> Result<(Vec<Write>, Arrived), Error> {
        let secret = pending::secret(&*self.random)?;
        let (provider, way) = (attempt.provider.clone(), attempt.way.clone());
        let offer = Offer { user, person, provider, label: profile.label(), way };
        Ok((vec![self.wait(&secret, Waiting::Offer(offer))], Arrived::Offered(secret)))
    }

    /// A session for a browser, or a code for the app that waits for one.
    fn entry(
        &self,
        user: &User,
        identity: &Identity,
        attempt: &Attempt,
        is_new: bool,
        context: &Context,
        now: Timestamp,
    ) -> Result<(Vec<Write>, Arrived), Error> {
        if let Some(app) = &attempt.way.app {
            let (write, code) = self.code_for(identity, app)?;
            return Ok((vec![write], Arrived::Code { code, request: app.clone(), is_new }));
        }
        let (writes, done) = self.session_by(identity, Method::Cookie, user, context, now)?;
        Ok((writes, Arrived::LoggedIn { done: Box::new(done), is_new }))
    }

    /// A session that begins with `identity`.
    pub(super) fn session_by(
        &self,
        identity: &Identity,
        method: Method,
        user: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<(Vec<Write>, LoggedIn), Error> {
        let (mut session, cookie) = self.begin(method, user, context, now)?;
        session.identity = Some(identity.id);
        let detail = serde_json::json!({ "by": identity.provider });
        let (id, sid) = (Some(user.id), Some(session.id));
        let writes = vec![
            Write::InsertSession(session.clone()),
            event_of(AuditKind::LoggedIn, Actor::User, id, sid, context, detail, now),
        ];
        Ok((writes, LoggedIn { granted: self.grant(session, cookie, user, now)?, user: user.clone() }))
    }

    /// A code for an app, to be exchanged for a log-in by `identity`.
    pub(super) fn code_for(&self, identity: &Identity, app: &AppRequest) -> Result<(Write, Zeroizing<String>), Error> {
        let code = pending::secret(&*self.random)?;
        let (redirect_uri, challenge) = (app.redirect_uri.clone(), app.challenge.clone());
        let waiting = Code { user: identity.user, identity: identity.id, redirect_uri, challenge };
        Ok((self.wait(&code, Waiting::Code(waiting)), code))
    }

    pub(super) fn new_identity(
        &self,
        user: UserId,
        provider: &str,
        label: String,
        person: Person,
        now: Timestamp,
    ) -> Result<Identity, Error> {
        let id = IdentityId::generate(&*self.random)?;
        Ok(Identity { id, person, provider: provider.to_owned(), user, label, created_at: now })
    }

    /// A name for who brings none, to be changed at will.
    pub(in crate::authority) fn made_up(&self, provider: &str) -> Result<Username, Error> {
        let readable: String = provider.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        let number = crate::random::bytes::<8>(&*self.random)?;
        let suffix: String = number.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        Username::parse(&format!("{readable}-{suffix}")).map_err(Error::name("/username"))
    }
}

/// What happened to an account by way of an identity.
pub(super) fn by(kind: AuditKind, identity: &Identity, context: &Context, now: Timestamp) -> Write {
    let detail = serde_json::json!({ "by": identity.provider, "label": identity.label });
    event_of(kind, Actor::User, Some(identity.user), None, context, detail, now)
}

/// Letters and digits that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
