//! Headers that every answer carries, and CORS.

use std::time::Duration;

use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::client::IDEMPOTENCY_KEY;
use crate::App;

/// CORS: a token in a header is no ambient credential, so any origin may call; with a list, only those, and with
/// credentials.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER, ETAG])
        .max_age(Duration::from_secs(7200));
    if origins.is_empty() {
        return layer.allow_origin(AllowOrigin::any());
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    layer.allow_origin(AllowOrigin::list(origins)).allow_credentials(true)
}

/// Security headers, where the answer has not set its own.
pub(super) fn secure(app: &App, headers: &mut HeaderMap) {
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(value);
    }
    if app.authority.settings().issuer.starts_with("https:") {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
    }
}

const DEFAULTS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
