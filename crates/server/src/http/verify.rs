use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::bearer::LoggedIn;
use super::problem::ApiError;
use super::views::NO_STORE;
use crate::App;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// The audience that the token must name, beside those that are accepted here anyway.
    audience: Option<String>,
}

/// Who calls, for a reverse proxy's forward-auth.
#[utoipa::path(
    get, path = "/v1/verify", tag = "Services", security(("bearer" = []), ("cookie" = [])), params(Parameters),
    responses(
        (status = 200, description = "The token is good", headers(
            ("Tokenry-Subject" = String, description = "The user's identifier"),
            ("Tokenry-Session" = String, description = "The session's identifier"),
            ("Tokenry-Username" = String, description = "The username, percent-encoded"),
            ("Tokenry-Scope" = String, description = "The scope, percent-encoded"),
            ("Tokenry-Roles" = String, description = "The roles, comma-separated, each percent-encoded"),
        )),
        super::openapi::Refused,
    ),
)]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(Parameters { audience }) = parameters.map_err(ApiError::invalid_request)?;
    let accepted = &app.authority.settings().audiences;
    let is_for = |audience: &String| match &caller.claims {
        Some(claims) => claims.has_audience(audience),
        None => accepted.contains(audience),
    };
    if !audience.as_ref().is_none_or(is_for) {
        return Err(ApiError::forbidden("the token is not for this audience"));
    }
    // All are always sent, so that a proxy never passes on what a client made up.
    let roles: Vec<String> = caller.roles().iter().map(|role| encode(role)).collect();
    let username = caller.user.username.as_ref().map(|name| encode(name.display()));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (SUBJECT, caller.user.id.to_string()),
        (SESSION, caller.session.id.to_string()),
        (USERNAME, username.unwrap_or_default()),
        (SCOPE, encode(caller.claims.as_ref().and_then(|claims| claims.scope()).unwrap_or_default())),
        (ROLES, roles.join(",")),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).map_err(|_| ApiError::forbidden("not a header"))?);
    }
    Ok((StatusCode::OK, NO_STORE, headers))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNSAFE).to_string()
}

/// What is not itself in a list of header values; everything that is not ASCII is encoded anyway.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b'"').add(b'\\').add(b';');
const SUBJECT: HeaderName = HeaderName::from_static("tokenry-subject");
const SESSION: HeaderName = HeaderName::from_static("tokenry-session");
const USERNAME: HeaderName = HeaderName::from_static("tokenry-username");
const SCOPE: HeaderName = HeaderName::from_static("tokenry-scope");
const ROLES: HeaderName = HeaderName::from_static("tokenry-roles");
