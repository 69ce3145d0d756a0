use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::Answer;
use super::bearer::{bearer, is_secret};
use super::body::parse;
use super::problem::ApiError;
use super::views::NO_STORE;
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Introspection)]
pub(super) struct Request {
    /// The token.
    token: String,
    /// A hint that is not needed.
    #[serde(default, rename = "token_type_hint")]
    _hint: Option<String>,
}

/// What a token is worth now (RFC 7662).
///
/// For services with the introspection token; and for a session's own access token, about tokens of that session.
#[utoipa::path(
    post, path = "/v1/introspect", tag = "Services", security(("bearer" = [])),
    request_body(content((Request = "application/x-www-form-urlencoded"), (Request = "application/json"))),
    responses((status = 200, description = "`active`, and what the token says", body = Object), super::openapi::Refused),
)]
pub(super) async fn introspect(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    let credential = bearer(&headers)?.ok_or_else(ApiError::token_missing)?;
    let configured = app.config.introspect.token.as_ref();
    let own_session = match configured.is_some_and(|secret| is_secret(credential, secret)) {
        true => None,
        false => Some(app.authority.authenticate(credential).await?.session.id),
    };
    let Request { token, .. } = read(&headers, &body)?;
    let found = app.authority.introspect(&token).await?;
    let visible = found.is_active() && (own_session.is_none() || own_session == found.session);
    let mut answer = Map::new();
    answer.insert("active".to_owned(), Value::Bool(visible));
    if visible {
        answer.extend(found.members);
    }
    Ok((NO_STORE, Answer(Value::Object(answer))))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Request, ApiError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => parse(body),
        "application/x-www-form-urlencoded" => serde_urlencoded::from_bytes(body).map_err(ApiError::invalid_request),
        _ => Err(ApiError::invalid_request("send a form or JSON")),
    }
}
