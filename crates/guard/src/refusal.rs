use std::borrow::Cow;

use http::StatusCode;
use tokenry_jwt::VerifyError;

use crate::{Freshness, RevocationKind};

/// Why a request was not let through.
///
/// A caller is told [`code`](Self::code) and no more; the message and [`reason`](Self::reason) say exactly why, for logs
/// and metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No `Authorization` header.
    #[error("no token")]
    Missing,
    /// An `Authorization` header that does not carry one bearer token.
    #[error("the Authorization header can't be read: {0}")]
    Header(&'static str),
    /// The token is expired, or not valid.
    #[error(transparent)]
    Token(#[from] VerifyError),
    /// The token's session, user or key, or the token itself, was revoked.
    #[error("revoked by {}", .0.name())]
    Revoked(RevocationKind),
    /// The claims are not those that the application expects.
    #[error("the claims do not have the expected form: {0}")]
    Form(String),
    /// The token is good and lacks this scope (RFC 6750 section 3.1).
    #[error("scope {0:?} is missing")]
    Scope(Cow<'static, str>),
    /// The token is good and its owner lacks this role.
    #[error("role {0:?} is missing")]
    Role(Cow<'static, str>),
    /// No key is known yet: nothing can be verified.
    #[error("no keys are known")]
    NoKeys,
    /// The latest revocations are not known, and the policy is to refuse.
    #[error("revocations are {}", .0.name())]
    Outdated(Freshness),
    /// The route asks who calls, and no layer of a guard stands before it.
    #[error("there is no guard's layer around this route")]
    NoLayer,
}

impl Refusal {
    /// What a program on the other side is told; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.answer().1
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.answer().0
    }

    /// The exact reason as a stable word, for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Header(_) => "header",
            Self::Token(error) => error.reason(),
            Self::Revoked(kind) => match kind {
                RevocationKind::Sid => "revoked_session",
                RevocationKind::Sub => "revoked_subject",
                RevocationKind::Jti => "revoked_token",
                RevocationKind::Kid => "revoked_key",
            },
            Self::Form(_) => "form",
            Self::Scope(_) => "scope",
            Self::Role(_) => "role",
            Self::NoKeys => "no_keys",
            Self::Outdated(freshness) => freshness.name(),
            Self::NoLayer => "no_layer",
        }
    }

    /// A mistake in the service, which its log must name.
    pub(crate) fn no_layer(path: &str) -> Self {
        tracing::error!(target: "tokenry_guard", path, "there is no guard's layer around this route");
        Self::NoLayer
    }

    /// What people on the other side are told.
    pub(crate) fn detail(&self) -> &'static str {
        match self.code() {
            "token_missing" => "send a token: Authorization: Bearer ...",
            "token_expired" => "the token has expired",
            "token_revoked" => "the token was revoked",
            "forbidden" => "the token does not permit this",
            "unavailable" => "tokens can't be verified at the moment",
            _ => "the token is not valid here",
        }
    }

    fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, "token_missing"),
            Self::Token(error) => (StatusCode::UNAUTHORIZED, error.code()),
            Self::Header(_) | Self::Form(_) => (StatusCode::UNAUTHORIZED, "token_invalid"),
            Self::Revoked(_) => (StatusCode::UNAUTHORIZED, "token_revoked"),
            Self::Scope(_) | Self::Role(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NoKeys | Self::Outdated(_) | Self::NoLayer => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}
