use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokenry_domain::authority::Logout;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::bearer::bearer;
use super::body::parse;
use super::client::Caller;
use super::cookie;
use super::problem::ApiError;
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Logout)]
pub(super) struct Request {
    /// Any refresh token of the session, expired or old.
    refresh_token: String,
}

/// End the session of a token.
///
/// Takes the access token as a bearer, expired or not, a refresh token in the body, or the cookie. Ending a session twice
/// is no error.
#[utoipa::path(
    post, path = "/v1/logout", tag = "Log-in", request_body = Option<Request>, security(("bearer" = []), ("cookie" = []), ()),
    responses((status = 204, description = "Logged out"), super::openapi::Refused),
)]
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request = match (body.is_empty(), bearer(&headers)?) {
        (true, None) => {
            let cookie = cookie::read(&app, &Method::POST, &uri, &headers)?.ok_or_else(ApiError::token_missing)?;
            app.authority.logout(Logout::Cookie(cookie), &context).await?;
            return Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::remove(&app))]).into_response());
        }
        (true, Some(token)) => Logout::Access(Zeroizing::new(token.to_owned())),
        // Unlike an access token in a header, a body is not tied to a caller: what it names is what ends.
        (false, _) => Logout::Refresh(Zeroizing::new(parse::<Request>(&body)?.refresh_token)),
    };
    app.authority.logout(request, &context).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
