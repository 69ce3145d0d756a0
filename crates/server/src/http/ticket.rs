//! Cookies that bind what waits to one browser: for each log-in that is at a provider, and each identity that is offered,
//! one of its own, so that several tabs don't disturb each other.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, SameSite};
use tokenry_domain::pending::PendingId;
use zeroize::Zeroizing;

use super::cookie::is_secure;
use crate::App;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ticket {
    /// Coming back from a provider; its value is the verifier, its tag that of the `state`.
    Departure {
        /// Whether the provider's own page posts the person back: then the cookie must come along with that.
        posts_back: bool,
    },
    /// Linking the identity that is offered; its value is the offer's secret, its tag the offer's.
    Offer,
}

impl Ticket {
    /// The header that hands it out.
    pub(super) fn hand_out(self, app: &App, tag: &str, value: &str) -> HeaderValue {
        self.header(app, tag, value, MOST_AGE)
    }

    /// The header that takes it back.
    pub(super) fn take_back(self, app: &App, tag: &str) -> HeaderValue {
        self.header(app, tag, "", 0)
    }

    /// The value that a request brings, if it is one and there is one.
    pub(super) fn read(self, app: &App, headers: &HeaderMap, tag: &str) -> Option<Zeroizing<String>> {
        let name = self.name(app, tag);
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values =
            texts.flat_map(Cookie::split_parse).filter_map(Result::ok).filter(|cookie| cookie.name() == name);
        let value = Zeroizing::new(values.next()?.value().to_owned());
        // Of two cookies, someone else has planted one.
        values.next().is_none().then_some(value)
    }

    fn header(self, app: &App, tag: &str, value: &str, age: i64) -> HeaderValue {
        let same_site = match self {
            Self::Departure { posts_back: true } if is_secure(app) => SameSite::None,
            _ => SameSite::Lax,
        };
        let age = cookie::time::Duration::seconds(age);
        let cookie = Cookie::build((self.name(app, tag), value)).path("/").http_only(true).same_site(same_site);
        let header = HeaderValue::from_str(&cookie.max_age(age).secure(is_secure(app)).build().to_string());
        // Base64url and fixed names are always a header.
        let mut header = header.unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }

    fn name(self, app: &App, tag: &str) -> String {
        let prefix = if is_secure(app) { "__Host-tokenry" } else { "tokenry" };
        match self {
            Self::Departure { .. } => format!("{prefix}-social-{tag}"),
            Self::Offer => format!("{prefix}-offer-{tag}"),
        }
    }
}

/// The tag of what waits for `secret`.
pub(super) fn tag(secret: &str) -> String {
    PendingId::of(secret).tag()
}

/// As long as anything waits.
const MOST_AGE: i64 = 600;
