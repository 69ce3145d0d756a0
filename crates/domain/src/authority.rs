//! The use cases, one file each. [`Authority`] is the issuer: it checks, decides, commits, and mints.

mod accounts;
mod administer;
mod bearer;
mod cookie;
mod feed;
mod import;
mod introspect;
mod keyring;
mod limit;
mod links;
mod login;
mod logout;
mod outgoing;
mod profile;
mod prove;
mod refresh;
mod sessions;
mod settings;
mod signup;
mod social;

use std::sync::{Arc, RwLock};

use tokenry_jwt::Verifier;
use zeroize::Zeroizing;

use crate::account::User;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::cookie::Cookie;
use crate::error::Error;
use crate::id::{SessionId, UserId};
use crate::keys::KeyRing;
use crate::mail::Language;
use crate::one_time::ONE_TIME;
use crate::password::{HashPool, PoolLoad};
use crate::random::{self, Random};
use crate::refresh::RequestKey;
use crate::seal::MasterKey;
use crate::session::{Client, Method, Session, SessionSecret};
use crate::store::{Store, Write};
use crate::throttle::Throttle;
use crate::time::{Clock, Timestamp};
use crate::token::{self, AccessClaims, TokenPair};

pub use accounts::NewAccount;
pub use administer::{UserChange, UserFilter};
pub use bearer::Caller;
pub use feed::FEED;
pub use import::ImportedAccount;
pub use introspect::Introspection;
pub use keyring::{KeyChange, RotateKeys};
pub use login::{Granted, LoggedIn, Login};
pub use logout::Logout;
pub use outgoing::{Due, Outgoing};
pub use profile::ProfileChange;
pub use refresh::{Refresh, Refreshed};
pub use settings::{Settings, SignupMode};
pub use signup::Signup;
pub use social::{Arrived, Departure, Linked};

/// Issues tokens and answers for them.
pub struct Authority {
    settings: Settings,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hasher: HashPool,
    throttle: Throttle,
    master: MasterKey,
    keys: RwLock<Arc<KeyRing>>,
    longest_life: keyring::LongestLife,
    lookout: keyring::Lookout,
    access: Verifier,
    refresh: Verifier,
    one_time: Verifier,
}

/// What a request brings besides its body.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The client, as far as it can be seen.
    pub client: Client,
    /// The request's `Idempotency-Key`, hashed.
    pub key: Option<RequestKey>,
    /// The language of the mails that it causes.
    pub language: Language,
}

impl Authority {
    /// An issuer on `store`. Opens its keys, and makes the first ones when there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] when keys exist that `master` does not open: they are never replaced silently.
    pub async fn open(
        settings: Settings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        hasher: HashPool,
        master: MasterKey,
    ) -> Result<Self, Error> {
        let (keys, records) = keyring::open(&settings, &*store, &*random, &master, clock.now()).await?;
        Ok(Self {
            access: Verifier::new(&settings.issuer, &settings.audiences).typ(token::ACCESS),
            refresh: Verifier::new(&settings.issuer, [&settings.issuer]).typ(token::REFRESH),
            one_time: Verifier::new(&settings.issuer, [&settings.issuer]).typ(ONE_TIME),
            throttle: Throttle::new(settings.rate_limit),
            settings,
            store,
            clock,
            random,
            hasher,
            master,
            keys: RwLock::new(Arc::new(keys)),
            longest_life: keyring::LongestLife::of(&records),
            lookout: keyring::Lookout::new(),
        })
    }

    /// What it was set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store, for reads that need no rule.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The keys of this moment.
    pub fn keys(&self) -> Arc<KeyRing> {
        // A poisoned lock still holds a whole ring: it is replaced by one assignment.
        Arc::clone(&self.keys.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// How much the password hashers have to do.
    pub fn hash_load(&self) -> &PoolLoad {
        self.hasher.load()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A session of tokens that begins now.
    fn new_session(&self, user: &User, context: &Context, now: Timestamp) -> Result<Session, Error> {
        let ends_at = self.settings.session_max_age.map(|age| now + age);
        Ok(Session {
            id: SessionId::generate(&*self.random)?,
            user: user.id,
            method: Method::Token,
            identity: None,
            secret: SessionSecret::generate(&*self.random)?,
            refresh: crate::refresh::RefreshState::initial(context.key),
            created_at: now,
            last_used_at: now,
            expires_at: self.refresh_end(ends_at, now),
            ends_at,
            client: context.client.clone(),
            end: None,
            version: 0,
        })
    }

    /// A session of a cookie that begins now.
    fn new_cookie(&self, user: &User, context: &Context, now: Timestamp) -> Result<(Session, Cookie), Error> {
        let session = self.new_session(user, &Context { key: None, ..context.clone() }, now)?;
        let cookie = Cookie::generate(session.id, &*self.random)?;
        let idle_end = now + self.settings.session_idle;
        let expires_at = session.ends_at.map_or(idle_end, |ends_at| ends_at.min(idle_end));
        Ok((Session { method: Method::Cookie, secret: cookie.stored(), expires_at, ..session }, cookie))
    }

    /// When a refresh token issued at `issued_at` ends. It ends no later than its session.
    fn refresh_end(&self, ends_at: Option<Timestamp>, issued_at: Timestamp) -> Timestamp {
        let end = issued_at + self.settings.refresh_ttl.min(self.keys().refresh_life());
        ends_at.map_or(end, |ends_at| ends_at.min(end))
    }

    fn revoked_until(&self, now: Timestamp) -> Timestamp {
        self.settings.revoked_until(now, self.longest_life.get())
    }

    /// The pair for the newest position of `session`.
    fn mint(&self, session: &Session, user: &User, now: Timestamp) -> Result<TokenPair, Error> {
        let state = &session.refresh;
        let (position, issued_at) = match (state.child_position(), state.child) {
            (Some(position), Some(child)) => (position, child.issued_at),
            _ => (state.head, session.created_at),
        };
        let keys = self.keys();
        let issuer = &self.settings.issuer;
        let refresh_expires_at = self.refresh_end(session.ends_at, issued_at);
        let refresh_token =
            token::sign_refresh(keys.refresh(), issuer, session, position, issued_at, refresh_expires_at)?;
        let session_end = session.ends_at.map_or(refresh_expires_at, |end| end.min(refresh_expires_at));
        let access_expires_at = (now + self.settings.access_ttl.min(keys.access_life())).min(session_end);
        let times = [now, access_expires_at];
        let token_id = self.random_text::<16>()?;
        let audiences = &self.settings.audiences;
        let claims = AccessClaims {
            own: self.settings.claims.fill(user),
            ..AccessClaims::new(issuer, audiences, session, user, token_id, times)
        };
        let access_token = keys.access().sign(token::ACCESS, &claims)?;
        Ok(TokenPair {
            access_token,
            access_expires_at,
            refresh_token,
            refresh_expires_at,
            session: session.id,
            at: now,
        })
    }

    fn random_text<const N: usize>(&self) -> Result<String, Error> {
        use base64::Engine;
        let bytes = Zeroizing::new(random::bytes::<N>(&*self.random)?);
        Ok(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(*bytes))
    }
}

/// An event about a user and a session, seen from a request.
fn event(
    kind: AuditKind,
    actor: Actor,
    user: Option<UserId>,
    session: Option<SessionId>,
    context: &Context,
    now: Timestamp,
) -> Write {
    event_of(kind, actor, user, session, context, serde_json::Value::Null, now)
}

/// An [`event`] with details.
fn event_of(
    kind: AuditKind,
    actor: Actor,
    user: Option<UserId>,
    session: Option<SessionId>,
    context: &Context,
    detail: serde_json::Value,
    now: Timestamp,
) -> Write {
    Write::Audit(AuditEvent { at: now, kind, actor, user, session, address: context.client.address, detail })
}
