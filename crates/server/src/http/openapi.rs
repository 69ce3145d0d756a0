//! The OpenAPI 3.1 document, made from the handlers themselves.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::IntoResponses;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, OpenApiBuilder};

/// Any error.
#[derive(IntoResponses)]
#[response(status = "default", description = "An error: `code` tells which", content_type = "application/problem+json")]
pub(crate) struct Refused(
    #[to_schema]
    #[expect(dead_code, reason = "read by the derive")]
    super::problem::Body<'static>,
);

/// The document without the calls.
pub(crate) fn base() -> OpenApi {
    let mut info = Info::new("Tokenry", env!("CARGO_PKG_VERSION"));
    info.description = Some("Log-in with signed tokens: a short-lived access token that every service verifies by itself, and a refresh token.".to_owned());
    info.license = Some(License::new("MIT OR Apache-2.0"));
    let bearer = |description: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
        SecurityScheme::Http(scheme.build())
    };
    let mut components = Components::new();
    components.add_security_scheme("bearer", bearer("An access token"));
    components.add_security_scheme("admin", bearer("The token of `[admin]` in the configuration"));
    components.add_security_scheme("revocations", bearer("The token of `[revocations]`, where there is one"));
    let cookie = ApiKeyValue::with_description("__Host-tokenry", "The session method; `tokenry` on an http issuer");
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The whole document.
pub(super) fn document() -> OpenApi {
    super::described().into_openapi()
}

pub(super) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], JSON.as_slice())
}

static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| serde_json::to_vec(&document()).unwrap_or_default());
