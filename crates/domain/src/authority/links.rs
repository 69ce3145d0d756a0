//! Asking for a link: a token is issued and its mail queued, in one commit.

use super::{Authority, Caller, Context, event_of};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::id::MailId;
use crate::mail::{Letter, Mail};
use crate::name::Email;
use crate::one_time::OneTimeToken;
use crate::store::Write;
use crate::time::Timestamp;

impl Authority {
    /// Sends a link that verifies the caller's address. One that is verified needs none.
    pub async fn request_verification(&self, caller: &Caller, context: &Context) -> Result<(), Error> {
        self.needs_mail()?;
        let Some(email) = &caller.user.email else {
            return Err(Error::invalid("/email", "the account has no e-mail address"));
        };
        if caller.user.email_verified {
            return Ok(());
        }
        self.throttle.mail(email.key(), context.client.address).map_err(Error::RateLimited)?;
        self.send_link(Letter::Verification, Some((&caller.user, email)), context).await
    }

    /// Sends a link that sets a new password to whoever has an account with this address.
    pub async fn request_reset(&self, email: &str, context: &Context) -> Result<(), Error> {
        self.request_by_address(Letter::PasswordReset, email, context).await
    }

    /// Sends a link that logs in to whoever has an account with this address.
    pub async fn request_login_link(&self, email: &str, context: &Context) -> Result<(), Error> {
        self.request_by_address(Letter::LoginLink, email, context).await
    }

    /// Sends a link that moves the caller's account to another address, to that address. Whether another account has
    /// verified it is not told here, but to who reads its mail.
    pub async fn request_email_change(
        &self,
        caller: &Caller,
        current_password: Option<String>,
        new: &str,
        context: &Context,
    ) -> Result<(), Error> {
        self.needs_mail()?;
        let email = Email::parse(new).map_err(Error::name("/new_email"))?;
        let user = self.confirm(caller, current_password, context).await?;
        self.throttle.mail(email.key(), context.client.address).map_err(Error::RateLimited)?;
        // Who never showed it to be theirs loses it to who does.
        let holder = self.store.user_by_email(&email).await?;
        let taken = holder.is_some_and(|other| other.id != user.id && other.email_verified);
        let account = (!taken).then_some((&user, &email));
        self.send_link(Letter::EmailChange, account, context).await
    }

    /// The answer is the same, and takes one look-up and one commit, whether or not there is an account.
    async fn request_by_address(&self, letter: Letter, email: &str, context: &Context) -> Result<(), Error> {
        self.needs_mail()?;
        let typed = Email::parse(email).map_err(Error::name("/email"))?;
        self.throttle.mail(typed.key(), context.client.address).map_err(Error::RateLimited)?;
        let user = self.store.user_by_email(&typed).await?.filter(User::is_active);
        // To the address of the account, not to what was typed: two that are compared as one may be two mailboxes.
        let account = user.as_ref().and_then(|user| Some((user, user.email.as_ref()?)));
        self.send_link(letter, account, context).await
    }

    async fn send_link(
        &self,
        letter: Letter,
        account: Option<(&User, &Email)>,
        context: &Context,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut writes = match account {
            Some((user, email)) => self.letter(letter, user, email.clone(), context, now)?.into(),
            None => Vec::new(),
        };
        let user = account.map(|(user, _)| user.id);
        let detail = serde_json::json!({ "letter": letter.name() });
        writes.push(event_of(AuditKind::LinkRequested, Actor::User, user, None, context, detail, now));
        self.store.commit(writes).await?;
        Ok(())
    }

    /// The link that verifies the address of an account that is being made, if mail is sent and the limits allow.
    pub(super) fn first_verification(
        &self,
        user: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let Some(email) = user.email.as_ref().filter(|_| self.settings.mail) else { return Ok(Vec::new()) };
        match self.throttle.mail(email.key(), context.client.address) {
            Ok(()) => Ok(self.letter(Letter::Verification, user, email.clone(), context, now)?.into()),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Tells an account's owner of something, at an address that is known to be theirs.
    pub(super) fn notice(
        &self,
        letter: Letter,
        user: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        match user.email.as_ref().filter(|_| self.settings.mail && user.email_verified) {
            Some(email) => Ok(self.letter(letter, user, email.clone(), context, now)?.into()),
            None => Ok(Vec::new()),
        }
    }

    /// A mail about `user` to `to`, and the token of its link.
    pub(super) fn letter(
        &self,
        letter: Letter,
        user: &User,
        to: Email,
        context: &Context,
        now: Timestamp,
    ) -> Result<[Write; 2], Error> {
        let token = OneTimeToken::issue(letter.purpose(), user, to.clone(), &*self.random, now)?;
        let mail = Mail {
            id: MailId::generate(&*self.random)?,
            letter,
            language: context.language,
            to,
            user: user.id,
            token: token.id,
            client: context.client.clone(),
            created_at: now,
            due_at: now,
            attempts: 0,
            version: 0,
        };
        Ok([Write::IssueOneTime(token), Write::QueueMail(mail)])
    }

    fn needs_mail(&self) -> Result<(), Error> {
        if self.settings.mail { Ok(()) } else { Err(Error::Forbidden("mail is off here: it is not configured")) }
    }
}
