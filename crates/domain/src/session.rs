//! Sessions: one row for each log-in. There are no token rows.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::ZeroizeOnDrop;

use crate::id::{IdentityId, SessionId, UserId};
use crate::random::{self, NoEntropy, Random};
use crate::refresh::RefreshState;
use crate::time::Timestamp;

/// One log-in of one user on one client.
#[derive(Clone, Debug)]
pub struct Session {
    /// The `sid` of its tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// How it is carried.
    pub method: Method,
    /// The identity by which the user logged in, if it was one.
    pub identity: Option<IdentityId>,
    /// What makes the `jti` of its refresh tokens unforgeable; of a cookie, what its secret hashes to.
    pub secret: SessionSecret,
    /// The position in the refresh protocol.
    pub refresh: RefreshState,
    /// When the user logged in: the `auth_time` of its tokens.
    pub created_at: Timestamp,
    /// When it was last used to log in or refresh; of a cookie, about when it was last sent.
    pub last_used_at: Timestamp,
    /// When its newest refresh token ends, or a cookie that is not sent again: the idle limit.
    pub expires_at: Timestamp,
    /// When it ends however much it is used: the absolute limit.
    pub ends_at: Option<Timestamp>,
    /// Who used it last, as far as one can see.
    pub client: Client,
    /// That it was ended, and why.
    pub end: Option<End>,
    /// Counts changes of the refresh state: what a compare-and-swap compares.
    pub version: u64,
}

impl Session {
    /// Whether it was ended, or its absolute limit has passed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.end.is_some() || self.ends_at.is_some_and(|ends_at| ends_at <= now)
    }

    /// Whether a token of it could still be used.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_over(now) && now < self.expires_at
    }

    /// `now`, but never before a moment that the row has already seen: a clock set back must not reorder what
    /// happened.
    pub fn time(&self, now: Timestamp) -> Timestamp {
        now.max(self.refresh.latest().unwrap_or(now)).max(self.created_at)
    }
}

/// How a session is carried from the client to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// By a token pair that is refreshed.
    #[default]
    Token,
    /// By one cookie, looked up at each request.
    Cookie,
}

impl Method {
    /// The name on the wire and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Cookie => "cookie",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Token, Self::Cookie].into_iter().find(|method| method.name() == name)
    }
}

/// The second lock of a session's refresh tokens: 32 random bytes.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    /// A new secret.
    pub fn generate(random: &dyn Random) -> Result<Self, NoEntropy> {
        Ok(Self(random::bytes(random)?))
    }

    /// The secret with these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store and the token code.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// The client as the server saw it: shown to its owner, never decided upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, through the trusted proxies.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`, cut to [`MAX_DEVICE_BYTES`].
    pub device: Option<String>,
}

impl Client {
    /// The device without the numbers in its name: an update of the browser makes no other device of it.
    pub fn kind_of_device(&self) -> String {
        self.device.iter().flat_map(|device| device.chars()).filter(|c| c.is_alphabetic()).collect()
    }
}

/// Longest kept `User-Agent`, in bytes.
pub const MAX_DEVICE_BYTES: usize = 256;

/// How long a session's row stays after its end: its tokens are answered with the reason.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(7 * 86_400);

/// When and why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// Why a session was ended: the `reason` member of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its user logged out, or ended it from another session.
    Logout,
    /// Two parties held its refresh token.
    Reuse,
    /// The password was changed elsewhere.
    Password,
    /// An administrator ended it.
    Admin,
    /// The account was disabled or deleted.
    Disabled,
}

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Logout, Self::Reuse, Self::Password, Self::Admin, Self::Disabled];

    /// The name on the wire and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
            Self::Password => "password",
            Self::Admin => "admin",
            Self::Disabled => "disabled",
        }
    }

    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}
