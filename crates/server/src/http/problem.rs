//! The one table from errors to status, `code` and challenge; and the one place where an error becomes bytes (RFC 9457).

use std::any::Any;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokenry_domain::error::{Error, Problem};
use utoipa::ToSchema;

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Problem>,
    reason: Option<&'static str>,
    retry_after: Option<Duration>,
    challenge: Challenge,
    /// Whether the answer is a page that tells already.
    has_page: bool,
}

/// What a 401 says in `WWW-Authenticate` (RFC 6750 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenge {
    /// Credentials are missing, or were not a bearer token: no error code.
    Plain,
    /// The bearer token is not acceptable.
    InvalidToken,
}

/// An error as clients see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// `about:blank`: `code` tells the kinds apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened, for people.
    detail: &'a str,
    /// What happened, for programs: stable.
    code: &'a str,
    /// Names the request in the server's logs.
    request_id: &'a str,
    /// The wrong members of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Member<'a>>,
    /// Why the session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A wrong member of a request.
#[derive(Serialize, ToSchema)]
struct Member<'a> {
    /// Where, as a JSON Pointer (RFC 6901).
    pointer: &'a str,
    /// What is wrong.
    detail: &'a str,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            errors: Vec::new(),
            reason: None,
            retry_after: None,
            challenge: Challenge::Plain,
            has_page: false,
        }
    }

    pub(crate) fn invalid_request(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    pub(crate) fn token_missing() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_missing", "send a token: Authorization: Bearer ...")
    }

    pub(crate) fn token_invalid(detail: impl ToString) -> Self {
        let error = Self::new(StatusCode::UNAUTHORIZED, "token_invalid", detail);
        Self { challenge: Challenge::InvalidToken, ..error }
    }

    pub(crate) fn forbidden(detail: impl ToString) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The error's answer, told by a page.
    pub(crate) fn with_page(self, mut page: Response) -> Response {
        *page.status_mut() = self.status;
        page.extensions_mut().insert(Self { has_page: true, ..self });
        page
    }

    pub(crate) fn at(pointer: impl ToString, detail: impl ToString) -> Self {
        Error::invalid(&pointer.to_string(), detail).into()
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let (status, code) = table(&error);
        let mut answer = Self::new(status, code, &error);
        match error {
            Error::Token(_) => answer.challenge = Challenge::InvalidToken,
            Error::Revoked(reason) => {
                answer.challenge = Challenge::InvalidToken;
                answer.reason = reason.map(|reason| reason.name());
            }
            Error::RefreshReused => answer.reason = Some("reuse"),
            Error::RateLimited(wait) => answer.retry_after = Some(wait),
            Error::Invalid(errors) => answer.errors = errors,
            Error::Unavailable(detail) => {
                tracing::warn!(detail, "unavailable");
                answer.detail = "try again in a moment".to_owned();
                answer.retry_after = Some(Duration::from_secs(1));
            }
            Error::Internal(detail) => {
                tracing::error!(detail, "internal error");
                answer.detail = "something went wrong here; the request_id finds it in the log".to_owned();
            }
            _ => {}
        }
        answer
    }
}

/// How many whole seconds to wait, at least one.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

/// The status and the `code` of each of the domain's errors.
pub(super) fn table(error: &Error) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        Error::InvalidCredentials => (S::UNAUTHORIZED, "invalid_credentials"),
        Error::Token(reason) => (S::UNAUTHORIZED, reason.code()),
        Error::Revoked(_) => (S::UNAUTHORIZED, "token_revoked"),
        Error::CookieInvalid => (S::UNAUTHORIZED, "token_invalid"),
        Error::SessionExpired => (S::UNAUTHORIZED, "token_expired"),
        Error::RefreshInvalid(_) => (S::UNAUTHORIZED, "refresh_invalid"),
        Error::RefreshExpired => (S::UNAUTHORIZED, "refresh_expired"),
        Error::RefreshReused => (S::UNAUTHORIZED, "refresh_reused"),
        Error::RefreshStale => (S::CONFLICT, "refresh_stale"),
        Error::TokenMismatch(_) => (S::UNAUTHORIZED, "token_mismatch"),
        Error::LinkInvalid => (S::BAD_REQUEST, "link_invalid"),
        Error::LinkExpired => (S::GONE, "link_expired"),
        Error::LinkUsed => (S::GONE, "link_used"),
        Error::StateInvalid => (S::BAD_REQUEST, "state_invalid"),
        Error::CodeInvalid => (S::BAD_REQUEST, "code_invalid"),
        Error::IdentityTaken => (S::CONFLICT, "identity_taken"),
        Error::LastWayIn => (S::CONFLICT, "last_way_in"),
        Error::LoginTooOld => (S::FORBIDDEN, "login_too_old"),
        Error::Disabled => (S::FORBIDDEN, "forbidden"),
        Error::Forbidden(_) => (S::FORBIDDEN, "forbidden"),
        Error::NotFound(_) => (S::NOT_FOUND, "not_found"),
        Error::AccountExists(_) => (S::CONFLICT, "account_exists"),
        Error::Invalid(_) => (S::BAD_REQUEST, "invalid_request"),
        Error::WeakPassword(_) => (S::UNPROCESSABLE_ENTITY, "weak_password"),
        Error::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited"),
        Error::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (S::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

pub(crate) async fn no_such_path() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "there is no such path")
}

pub(crate) async fn no_such_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "the path does not take this method")
}

pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic's own message went to the log through the panic hook.
    ApiError::from(Error::Internal("a handler panicked".to_owned())).into_response()
}

impl ApiError {
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn write(&self, response: &mut Response, request_id: &str) {
        if !self.has_page {
            self.write_body(response, request_id);
        }
        let headers = response.headers_mut();
        headers.insert(axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED
            && let Ok(challenge) = HeaderValue::from_str(&self.challenge_text())
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
    }

    fn write_body(&self, response: &mut Response, request_id: &str) {
        let body = Body {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: self.errors.iter().map(Member::from).collect(),
            reason: self.reason,
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        *response.body_mut() = json.into();
        let headers = response.headers_mut();
        headers.remove(axum::http::header::CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }

    fn challenge_text(&self) -> String {
        match self.challenge {
            Challenge::Plain => "Bearer realm=\"tokenry\"".to_owned(),
            Challenge::InvalidToken => {
                // RFC 6750 section 3: no quotation mark or backslash, ASCII only.
                let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
                let detail: String = self.detail.chars().filter(|c| plain(*c)).take(200).collect();
                format!("Bearer realm=\"tokenry\", error=\"invalid_token\", error_description=\"{detail}\"")
            }
        }
    }
}

impl<'a> From<&'a Problem> for Member<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self { pointer: &problem.pointer, detail: &problem.detail }
    }
}
