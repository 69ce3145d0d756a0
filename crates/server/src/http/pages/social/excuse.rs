use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, REFERRER_POLICY};
use axum::response::Response;
use tokenry_domain::error::Error;
use tokenry_domain::pending::Way;
use url::form_urlencoded;

use super::to_app;
use crate::http::pages::Page;
use crate::http::problem::{ApiError, seconds};
use crate::social::SocialError;

/// Why a log-in by way of a provider came to nothing, in words. Nothing was changed.
pub(super) struct Excuse<'a> {
    page: &'a Page,
    error: ApiError,
    /// What an app is told (RFC 6749 section 4.1.2.1).
    for_app: &'static str,
    message: String,
    way: Way,
}

#[derive(Template)]
#[template(path = "excuse.html")]
struct ExcusePage<'a> {
    page: &'a Page,
    message: &'a str,
    /// The log-in page, with the wish to go on from there.
    again: String,
}

impl<'a> Excuse<'a> {
    pub(super) fn of(error: Error, page: &'a Page, way: Way) -> Self {
        let text = &page.text.social;
        let (for_app, message) = match &error {
            Error::StateInvalid => ("access_denied", text.not_begun),
            Error::IdentityTaken => ("access_denied", text.taken),
            Error::Disabled => ("access_denied", text.disabled),
            // Sign-up is closed, or limited.
            Error::Forbidden(_) => ("access_denied", text.no_sign_up),
            Error::RateLimited(wait) => {
                let message = (page.text.form.wait)(seconds(*wait));
                return Self { page, error: error.into(), for_app: "temporarily_unavailable", message, way };
            }
            _ => ("temporarily_unavailable", page.text.fault.unavailable_detail),
        };
        Self { page, error: error.into(), for_app, message: message.to_owned(), way }
    }

    pub(super) fn of_provider(error: &SocialError, provider: &str, page: &'a Page, way: Way) -> Self {
        let text = &page.text.social;
        let (status, for_app, message) = match error {
            SocialError::Declined => (StatusCode::FORBIDDEN, "access_denied", text.declined),
            SocialError::CodeRefused(_) => (StatusCode::BAD_REQUEST, "access_denied", text.not_begun),
            SocialError::Slow | SocialError::Unreachable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text.unreachable)
            }
            _ => (StatusCode::BAD_GATEWAY, "server_error", text.unreadable),
        };
        match error {
            SocialError::Declined => tracing::debug!(provider, "a person has declined"),
            error => tracing::warn!(provider, %error, "a log-in by way of a provider failed"),
        }
        let message = message.replace("{}", page.label_of(provider));
        Self { page, error: ApiError::new(status, error.name(), error), for_app, message, way }
    }

    /// A page, or what the app that waits is to know.
    pub(super) fn show(self) -> Response {
        if let Some(app) = &self.way.app {
            return to_app(app, "error", self.for_app);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(return_to) = &self.way.return_to {
            query.append_pair("return_to", return_to);
        }
        let again = self.page.link(&format!("/login?{}", query.finish()));
        let again = again.trim_end_matches('?').to_owned();
        let page = ExcusePage { page: self.page, message: &self.message, again };
        let mut response = self.page.tell(self.error, &page);
        // The address may hold a provider's code that no one has used.
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}
