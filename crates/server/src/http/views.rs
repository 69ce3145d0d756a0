//! What the domain's things look like on the wire.

use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderName, HeaderValue};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tokenry_domain::account::{Attributes, Status, User};
use tokenry_domain::id::SessionId;
use tokenry_domain::session::Session;
use tokenry_domain::time::Timestamp;
use tokenry_domain::token::TokenPair;
use utoipa::ToSchema;

/// A token pair (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct Pair {
    /// Always `Bearer`.
    token_type: &'static str,
    /// Send it as `Authorization: Bearer ...`.
    #[serde(serialize_with = "token")]
    access_token: String,
    /// Seconds from now until the access token ends.
    expires_in: i64,
    /// Exchange it at `/v1/refresh`.
    #[serde(serialize_with = "token")]
    refresh_token: String,
    /// Seconds from now until the refresh token ends.
    refresh_expires_in: i64,
    /// The session that the tokens belong to.
    #[schema(value_type = String)]
    session_id: SessionId,
    /// The server's clock, in seconds since 1970.
    server_time: i64,
}

/// A token pair, and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct PairWithUser {
    #[serde(flatten)]
    pair: Pair,
    /// The account.
    user: UserView,
}

/// A session that a cookie carries, and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct CookieWithUser {
    /// The session.
    session_id: String,
    /// Seconds from now until it ends unless it is used.
    expires_in: i64,
    /// The server's clock, in seconds since 1970.
    server_time: i64,
    /// The account.
    user: UserView,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// The `sub` of its tokens.
    id: String,
    /// The name to log in with.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// Whether its owner has proven to read mail there.
    email_verified: bool,
    /// Roles.
    roles: Vec<String>,
    /// What the application keeps with the user.
    #[schema(value_type = Object)]
    attributes: Attributes,
    /// `active` or `disabled`.
    #[schema(value_type = String)]
    status: Status,
    /// Seconds since 1970.
    created_at: i64,
    /// Seconds since 1970.
    updated_at: i64,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// The `sid` of its tokens.
    id: String,
    /// Whether this request was made with it.
    current: bool,
    /// How it is carried: `token` or `cookie`.
    method: &'static str,
    /// The `User-Agent` that used it last.
    device: Option<String>,
    /// The address that used it last.
    address: Option<String>,
    /// When the user logged in, in seconds since 1970.
    created_at: i64,
    /// When it was last used to log in or refresh, in seconds since 1970.
    last_used_at: i64,
    /// When it ends unless it is refreshed, in seconds since 1970.
    expires_at: i64,
}

/// A list, and where the next page begins.
#[derive(Serialize, ToSchema)]
pub(crate) struct Users {
    /// The accounts.
    pub users: Vec<UserView>,
    /// The `after` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user's sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    sessions: Vec<SessionView>,
}

/// Headers of an answer that holds tokens (RFC 6749 section 5.1).
pub(crate) const NO_STORE: [(HeaderName, HeaderValue); 2] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))];

impl From<TokenPair> for Pair {
    fn from(mut tokens: TokenPair) -> Self {
        let now = tokens.at.seconds();
        Self {
            token_type: "Bearer",
            access_token: tokens.access_token,
            expires_in: tokens.access_expires_at.seconds() - now,
            refresh_token: std::mem::take(&mut *tokens.refresh_token),
            refresh_expires_in: tokens.refresh_expires_at.seconds() - now,
            session_id: tokens.session,
            server_time: now,
        }
    }
}

/// Writes a token, in which nothing needs an escape, at once instead of character by character.
fn token<S: Serializer>(token: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let mut quoted = String::with_capacity(token.len() + 2);
    quoted.extend(["\"", token, "\""]);
    RawValue::from_string(quoted).map_err(S::Error::custom)?.serialize(serializer)
}

/// What a log-in answers, as its `method` says.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum PairOrCookie {
    Pair(PairWithUser),
    Cookie(CookieWithUser),
}

impl PairWithUser {
    pub(crate) fn new(tokens: TokenPair, user: &User) -> Self {
        Self { pair: tokens.into(), user: user.into() }
    }
}

impl CookieWithUser {
    pub(crate) fn new(session: &Session, user: &User, now: Timestamp) -> Self {
        Self {
            session_id: session.id.to_string(),
            expires_in: session.expires_at.seconds() - now.seconds(),
            server_time: now.seconds(),
            user: user.into(),
        }
    }
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.as_ref().map(|name| name.display().to_owned()),
            email: user.email.as_ref().map(|email| email.display().to_owned()),
            email_verified: user.email_verified,
            roles: user.roles.iter().cloned().collect(),
            attributes: user.attributes.clone(),
            status: user.status,
            created_at: user.created_at.seconds(),
            updated_at: user.updated_at.seconds(),
        }
    }
}

impl Sessions {
    pub(crate) fn new(sessions: &[Session], current: Option<SessionId>) -> Self {
        let view = |session: &Session| SessionView {
            id: session.id.to_string(),
            current: Some(session.id) == current,
            method: session.method.name(),
            device: session.client.device.clone(),
            address: session.client.address.map(|address| address.to_string()),
            created_at: session.created_at.seconds(),
            last_used_at: session.last_used_at.seconds(),
            expires_at: session.expires_at.seconds(),
        };
        Self { sessions: sessions.iter().map(view).collect() }
    }
}

/// Tells a member that is absent from one that is null (RFC 7396).
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
