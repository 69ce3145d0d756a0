//! What a use case can answer instead of its result, grouped by who erred.

use std::time::Duration;

use tokenry_jwt::{SignError, VerifyError};

use crate::keys::KeyRingError;
use crate::name::NameError;
use crate::password::{PasswordError, PoolError, Weakness};
use crate::random::NoEntropy;
use crate::session::EndReason;
use crate::store::{Conflict, StoreError};

/// Why a use case did not happen. Nothing was changed, unless a variant says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Unknown user, wrong password, or an account that may not log in: the caller is not told which.
    #[error("the identifier or the password is wrong")]
    InvalidCredentials,
    /// An access token is not acceptable.
    #[error("the access token is not acceptable: {0}")]
    Token(#[from] VerifyError),
    /// The session has ended, or its user is gone.
    #[error("the session has ended")]
    Revoked(Option<EndReason>),
    /// A cookie is not one of ours, or of no session that is kept.
    #[error("the session cookie is not acceptable")]
    CookieInvalid,
    /// The session of a cookie was not used for too long.
    #[error("the session was not used for too long")]
    SessionExpired,
    /// A refresh token is not one of ours, or not of a session that exists.
    #[error("the refresh token is not acceptable: {0}")]
    RefreshInvalid(&'static str),
    /// A refresh token has expired.
    #[error("the refresh token has expired")]
    RefreshExpired,
    /// A second party presented a refresh token. The session was ended.
    #[error("the refresh token was used by two parties")]
    RefreshReused,
    /// A late duplicate of a refresh: the client holds a newer token.
    #[error("the refresh token was replaced a moment ago")]
    RefreshStale,
    /// The access token beside a refresh token is missing, not genuine, or of another session.
    #[error("the access token does not belong to the refresh token: {0}")]
    TokenMismatch(&'static str),
    /// A one-time token is not one of ours, or for something else.
    #[error("the link is not valid")]
    LinkInvalid,
    /// A one-time token has expired.
    #[error("the link has expired: ask for a new one")]
    LinkExpired,
    /// A one-time token was spent, replaced by a newer one, or voided by a change of the account.
    #[error("the link was used, or is void because a newer one was sent or the account has changed")]
    LinkUsed,
    /// A `state` is none of this browser's, or was used, or has expired.
    #[error("the log-in was not begun in this browser, was used, or has expired: begin again")]
    StateInvalid,
    /// An app's code is unknown, was used, has expired, or belongs to another verifier or redirect address.
    #[error("the code is not valid")]
    CodeInvalid,
    /// An identity is linked to another account.
    #[error("the identity is linked to another account")]
    IdentityTaken,
    /// Without it, no one could log in to the account any more.
    #[error("it is the last way to log in: set a password or add another way first")]
    LastWayIn,
    /// The account has no password to confirm with, and its user did not log in just now.
    #[error("the account has no password: log in again, and do it within ten minutes")]
    LoginTooOld,
    /// Someone who has shown who they are comes to an account that may not be used.
    #[error("the account is disabled")]
    Disabled,
    /// The caller may not do this.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
    /// What the call names does not exist, or is not the caller's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// An account has that name already.
    #[error("an account with this {} exists", .0.member())]
    AccountExists(Taken),
    /// Members of the request are wrong.
    #[error("the request is not valid")]
    Invalid(Vec<Problem>),
    /// A new password is too easy to guess.
    #[error("the password is too weak: {0}")]
    WeakPassword(Weakness),
    /// Too many attempts.
    #[error("too many attempts; again in {} s", .0.as_secs())]
    RateLimited(Duration),
    /// The database or the password hashers are overloaded or out of order.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect, or a damaged database.
    #[error("internal: {0}")]
    Internal(String),
}

/// One wrong member of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong, for people.
    pub detail: String,
    /// What is wrong, for who says it in other words.
    pub fault: Fault,
}

/// What is wrong with a member of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is needed and not there.
    Missing,
    /// It is no name.
    Name(NameError),
    /// It is no password.
    Password(PasswordError),
    /// Something that no person has typed.
    Other,
}

/// The name that another account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The username.
    Username,
    /// The e-mail address.
    Email,
}

impl Taken {
    /// The member of the request.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
        }
    }
}

impl Error {
    /// One member is wrong.
    pub fn invalid(pointer: &str, detail: impl ToString) -> Self {
        Self::wrong(pointer, detail, Fault::Other)
    }

    /// One member is needed and not there.
    pub fn missing(pointer: &str, detail: impl ToString) -> Self {
        Self::wrong(pointer, detail, Fault::Missing)
    }

    fn wrong(pointer: &str, detail: impl ToString, fault: Fault) -> Self {
        Self::Invalid(vec![Problem { pointer: pointer.to_owned(), detail: detail.to_string(), fault }])
    }

    pub(crate) fn name(pointer: &str) -> impl Fn(NameError) -> Self {
        let pointer = pointer.to_owned();
        move |error| Self::wrong(&pointer, error, Fault::Name(error))
    }

    pub(crate) fn password(pointer: &str) -> impl Fn(PasswordError) -> Self {
        let pointer = pointer.to_owned();
        move |error| Self::wrong(&pointer, error, Fault::Password(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::Username) => Self::AccountExists(Taken::Username),
            StoreError::Conflict(Conflict::Email) => Self::AccountExists(Taken::Email),
            StoreError::Conflict(Conflict::Identity) => Self::IdentityTaken,
            // Every caller that can lose a race decides again; who still ends here lost it too often.
            StoreError::Conflict(Conflict::Changed) => Self::Unavailable("the row keeps changing".to_owned()),
            StoreError::Conflict(Conflict::Id) | StoreError::Corrupt(_) => Self::Internal(error.to_string()),
            StoreError::Unavailable(detail) => Self::Unavailable(detail),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<NoEntropy> for Error {
    fn from(error: NoEntropy) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<KeyRingError> for Error {
    fn from(error: KeyRingError) -> Self {
        Self::Internal(error.to_string())
    }
}
