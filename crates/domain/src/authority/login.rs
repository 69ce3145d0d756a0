use super::{Authority, Context, event};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::cookie::Cookie;
use crate::error::Error;
use crate::mail::Letter;
use crate::name::Identifier;
use crate::password::{Password, Verdict};
use crate::session::{Method, Session};
use crate::store::{Conflict, StoreError, Write};
use crate::time::Timestamp;
use crate::token::TokenPair;

/// A request to log in.
pub struct Login {
    /// A username or an e-mail address.
    pub identifier: String,
    /// The password.
    pub password: String,
    /// How the session is to be carried.
    pub method: Method,
}

/// Who logged in, and with what.
pub struct LoggedIn {
    /// The account.
    pub user: User,
    /// What carries the session.
    pub granted: Granted,
}

/// What carries a session.
pub enum Granted {
    /// A token pair.
    Tokens(TokenPair),
    /// A cookie, and its session.
    Cookie(Cookie, Box<Session>),
}

impl Authority {
    /// Checks an identifier and a password, and begins a session.
    ///
    /// An unknown identifier, a wrong password and a disabled account cost and answer the same.
    pub async fn login(&self, request: Login, context: &Context) -> Result<LoggedIn, Error> {
        let password = Password::new(request.password).map_err(Error::password("/password"))?;
        let identifier = Identifier::parse(&request.identifier).ok();
        let account = identifier.as_ref().map_or(request.identifier.as_str(), Identifier::key);
        self.throttle.guess(account, context.client.address).map_err(Error::RateLimited)?;
        for _ in 0..MOST_TRIES {
            let user = match &identifier {
                Some(Identifier::Username(username)) => self.store.user_by_username(username).await?,
                Some(Identifier::Email(email)) => self.store.user_by_email(email).await?,
                None => None,
            };
            let verdict = self.compare(password.clone(), user.as_ref()).await?;
            let Some(mut user) = user.filter(|user| verdict.matches && user.is_active()) else {
                let failed = event(AuditKind::LoginFailed, Actor::User, None, None, context, self.now());
                self.store.commit(vec![failed]).await?;
                return Err(Error::InvalidCredentials);
            };
            let room = self.room_for_one_more(user.id).await?;
            let now = self.now();
            let (session, cookie) = self.begin(request.method, &user, context, now)?;
            let (id, sid) = (Some(user.id), Some(session.id));
            let mut writes = vec![
                Write::InsertSession(session.clone()),
                event(AuditKind::LoggedIn, Actor::User, id, sid, context, now),
            ];
            writes.extend(room);
            writes.extend(self.notice_of_device(&user, context, now).await?);
            // Either write fails when the account changed while the password was compared.
            writes.push(match verdict.rehash {
                Some(rehash) => {
                    user.password = Some(rehash);
                    Write::UpdateUser(user.clone())
                }
                None => Write::ExpectUser { id: user.id, version: user.version },
            });
            match self.store.commit(writes).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            self.keep_to_the_limit(user.id).await?;
            self.throttle.success(account, context.client.address);
            let granted = self.grant(session, cookie, &user, now)?;
            return Ok(LoggedIn { user, granted });
        }
        Err(Error::Unavailable("the account keeps changing".to_owned()))
    }

    /// A session that begins now, and its cookie where one carries it.
    pub(super) fn begin(
        &self,
        method: Method,
        user: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<(Session, Option<Cookie>), Error> {
        match method {
            Method::Token => Ok((self.new_session(user, context, now)?, None)),
            Method::Cookie => self.new_cookie(user, context, now).map(|(session, cookie)| (session, Some(cookie))),
        }
    }

    /// What carries a session that was begun.
    pub(super) fn grant(
        &self,
        session: Session,
        cookie: Option<Cookie>,
        user: &User,
        now: Timestamp,
    ) -> Result<Granted, Error> {
        match cookie {
            None => self.mint(&session, user, now).map(Granted::Tokens),
            Some(cookie) => Ok(Granted::Cookie(cookie, Box::new(session))),
        }
    }

    /// A mail to the owner when none of the account's sessions is of such a device.
    pub(super) async fn notice_of_device(
        &self,
        user: &User,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let Some(email) = user.email.as_ref().filter(|_| self.settings.mail && user.email_verified) else {
            return Ok(Vec::new());
        };
        let kind = context.client.kind_of_device();
        let sessions = self.store.sessions_of(user.id, SESSIONS_COMPARED).await?;
        let is_known = sessions.iter().any(|session| session.client.kind_of_device() == kind);
        if is_known || self.throttle.notice(email.key()).is_err() {
            return Ok(Vec::new());
        }
        self.notice(Letter::NewDevice, user, context, now)
    }

    /// Compares a password with the account's; without an account, or without a password, at the same cost.
    pub(super) async fn compare(&self, password: Password, user: Option<&User>) -> Result<Verdict, Error> {
        Ok(match user.and_then(|user| user.password.clone()) {
            Some(hash) => self.hasher.verify(password, hash).await?,
            None => self.hasher.verify_dummy(password).await?,
        })
    }
}

const SESSIONS_COMPARED: u32 = 50;
/// How often a log-in is tried again when its account changed meanwhile.
const MOST_TRIES: usize = 4;
