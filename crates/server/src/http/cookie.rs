//! The session method: the cookie that carries a session, and who may send it along.

use axum::http::header::{COOKIE, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use cookie::{Cookie as Header, SameSite};
use tokenry_domain::cookie::Cookie;
use tokenry_domain::error::Error;
use tokenry_domain::session::Session;
use tokenry_domain::time::Timestamp;

use super::client;
use super::problem::ApiError;
use crate::App;

/// The session cookie of a request, if there is one.
///
/// # Errors
///
/// Two cookies of the name are refused, and so is a request that changes something and was sent by another site's page.
pub(super) fn read(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Option<Cookie>, ApiError> {
    let name = name(app);
    let texts = headers.get_all(COOKIE).iter().map(|value| value.to_str().map_err(|_| Error::CookieInvalid));
    let mut found = None;
    for text in texts {
        for cookie in Header::split_parse(text?).filter_map(Result::ok).filter(|cookie| cookie.name() == name) {
            if found.replace(cookie.value().parse().map_err(|_| Error::CookieInvalid)?).is_some() {
                return Err(Error::CookieInvalid.into());
            }
        }
    }
    if found.is_some() && !method.is_safe() && !is_of_this_site(app, uri, headers) {
        return Err(ApiError::forbidden("the cookie came along with a request of another site"));
    }
    Ok(found)
}

/// Whether a request with a cookie was sent by a page of this site, or by no page at all.
///
/// Browsers say which site a request comes from, and pages can't change what they say (Fetch Metadata; RFC 6454).
fn is_of_this_site(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let is_listed = |origin: &str| app.config.server.cors_origins.0.iter().any(|listed| listed == origin);
    origin.is_some_and(is_listed) || is_of_this_origin(uri, headers)
}

/// Whether a request was sent by a page of this very origin, or by no page at all.
pub(super) fn is_of_this_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(FETCH_SITE), text(ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let named = origin.split_once("://").map(|(_, host)| host);
            named.is_some() && named == client::host(uri, headers)
        }
        (None, None) => true,
    }
}

/// The header that hands out a cookie.
pub(super) fn set(app: &App, cookie: &Cookie, session: &Session, now: Timestamp) -> HeaderValue {
    let most = Timestamp::from_seconds(now.seconds() + MOST_AGE);
    let age = session.ends_at.unwrap_or(most).min(most).seconds() - now.seconds();
    header(app, cookie.expose().as_str(), age)
}

/// The header that takes it back.
pub(super) fn remove(app: &App) -> HeaderValue {
    header(app, "", 0)
}

fn header(app: &App, value: &str, age: i64) -> HeaderValue {
    let age = cookie::time::Duration::seconds(age);
    let cookie = Header::build((name(app), value)).path("/").http_only(true).same_site(SameSite::Lax).max_age(age);
    let header = HeaderValue::from_str(&cookie.secure(is_secure(app)).build().to_string());
    // Base64url and fixed names are always a header.
    let mut header = header.unwrap_or_else(|_| HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

fn name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-tokenry" } else { "tokenry" }
}

/// Whether clients reach this server by TLS.
pub(super) fn is_secure(app: &App) -> bool {
    app.authority.settings().issuer.starts_with("https:")
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Browsers keep no cookie for longer than 400 days; the session's own limits are the server's.
const MOST_AGE: i64 = 400 * 86_400;
