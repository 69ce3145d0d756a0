use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::answer::Answer;
use crate::App;

/// The keys that access tokens are verified with (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Services",
    responses((status = 200, description = "A JWK Set", body = Object, content_type = "application/jwk-set+json")),
)]
pub(super) async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, CACHED)];
    (headers, app.authority.keys().jwks().to_owned())
}

/// What this server offers, and where (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "Services",
    responses((status = 200, description = "The metadata", body = Object)),
)]
pub(super) async fn metadata(State(app): State<Arc<App>>) -> impl IntoResponse {
    let issuer = &app.authority.settings().issuer;
    let base = issuer.trim_end_matches('/');
    let metadata: Value = json!({
        "issuer": issuer,
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "introspection_endpoint": format!("{base}/v1/introspect"),
        "introspection_endpoint_auth_methods_supported": ["bearer"],
        "tokenry_revocations_endpoint": format!("{base}/v1/revocations"),
        "service_documentation": format!("{base}/docs"),
        "response_types_supported": [],
        "grant_types_supported": [],
        "ui_locales_supported": ["en", "ko"],
    });
    ([(CACHE_CONTROL, CACHED)], Answer(metadata))
}

/// Shorter than `keys.publish_ahead`, so that every cache holds a key before it signs.
const CACHED: &str = "public, max-age=300";
