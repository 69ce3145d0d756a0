//! Links in mails: asking for one, and using it. Only a POST uses one; what opens links, a mail scanner too, makes GETs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use tokenry_domain::session::Method;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::bearer::{LoggedIn, Perhaps};
use super::body::Json;
use super::client::Caller;
use super::problem::ApiError;
use super::{cookie, login};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mailbox {
    /// The e-mail address of an account, perhaps.
    email: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    /// The token that the link carries.
    token: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginLink {
    /// The token that the link carries.
    token: String,
    /// How the session is carried.
    #[serde(default)]
    #[schema(value_type = String, example = "token")]
    method: Method,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The token that the link carries.
    token: String,
    /// The password from now on.
    new_password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEmail {
    /// The address to move to.
    new_email: String,
    /// The password, if the account has one. If not, the caller must have logged in less than ten minutes ago.
    current_password: Option<String>,
}

/// Send a link that verifies the caller's e-mail address.
#[utoipa::path(
    post, path = "/v1/email/verification", tag = "Links", security(("bearer" = []), ("cookie" = [])),
    responses((status = 202, description = "Sent, unless the address is verified"), super::openapi::Refused),
)]
pub(super) async fn request_verification(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
) -> Result<StatusCode, ApiError> {
    app.authority.request_verification(&caller, &context).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Verify the e-mail address.
///
/// At the first time every session of the account ends, except that of the access token or cookie sent along. Without
/// one of the account's own, its password is void, and a link that sets a new one is sent.
#[utoipa::path(
    post, path = "/v1/email/verification/confirm", tag = "Links", request_body = Link,
    responses((status = 204, description = "Verified"), super::openapi::Refused),
)]
pub(super) async fn verify_email(
    State(app): State<Arc<App>>,
    Perhaps(caller): Perhaps,
    Caller(context): Caller,
    Json(Link { token }): Json<Link>,
) -> Result<StatusCode, ApiError> {
    let token = Zeroizing::new(token);
    app.authority.verify_email(&token, caller.as_ref(), &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a link that moves the caller's account to another e-mail address, to that address.
#[utoipa::path(
    post, path = "/v1/email/change", tag = "Links", security(("bearer" = []), ("cookie" = [])), request_body = NewEmail,
    responses((status = 202, description = "Sent, unless another account has the address"), super::openapi::Refused),
)]
pub(super) async fn request_email_change(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Json(NewEmail { new_email, current_password }): Json<NewEmail>,
) -> Result<StatusCode, ApiError> {
    app.authority.request_email_change(&caller, current_password, &new_email, &context).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Move the account to the address that the link was sent to. The old address is told.
///
/// If the old address was never verified, every session of the account ends, except that of the access token or cookie
/// sent along; without one the password is void, too, and a link to set another is sent.
#[utoipa::path(
    post, path = "/v1/email/change/confirm", tag = "Links", request_body = Link,
    responses((status = 204, description = "Moved"), super::openapi::Refused),
)]
pub(super) async fn change_email(
    State(app): State<Arc<App>>,
    Perhaps(caller): Perhaps,
    Caller(context): Caller,
    Json(Link { token }): Json<Link>,
) -> Result<StatusCode, ApiError> {
    let token = Zeroizing::new(token);
    app.authority.change_email(&token, caller.as_ref(), &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a link that sets a new password.
///
/// The answer does not tell whether there is an account.
#[utoipa::path(
    post, path = "/v1/password/reset", tag = "Links", request_body = Mailbox,
    responses((status = 202, description = "Sent, if an account has the address"), super::openapi::Refused),
)]
pub(super) async fn request_reset(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(Mailbox { email }): Json<Mailbox>,
) -> Result<StatusCode, ApiError> {
    app.authority.request_reset(&email, &context).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password. Every session ends, and the owner is told by mail.
#[utoipa::path(
    post, path = "/v1/password/reset/confirm", tag = "Links", request_body = NewPassword,
    responses((status = 204, description = "Changed"), super::openapi::Refused),
)]
pub(super) async fn reset_password(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(NewPassword { token, new_password }): Json<NewPassword>,
) -> Result<StatusCode, ApiError> {
    let token = Zeroizing::new(token);
    app.authority.reset_password(&token, new_password, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a link that logs in.
///
/// The answer does not tell whether there is an account.
#[utoipa::path(
    post, path = "/v1/login/link", tag = "Links", request_body = Mailbox,
    responses((status = 202, description = "Sent, if an account has the address"), super::openapi::Refused),
)]
pub(super) async fn request_login_link(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(Mailbox { email }): Json<Mailbox>,
) -> Result<StatusCode, ApiError> {
    app.authority.request_login_link(&email, &context).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Log in with a link.
///
/// If the address was never verified, every older session ends and the password no longer works. With `method: "cookie"`
/// the session is carried by a cookie.
#[utoipa::path(
    post, path = "/v1/login/link/confirm", tag = "Links", request_body = LoginLink,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the session keyed")),
    responses(
        (status = 200, description = "Logged in: a token pair and the user, or a cookie and its session",
         body = super::views::PairOrCookie),
        super::openapi::Refused,
    ),
)]
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    uri: Uri,
    headers: HeaderMap,
    Json(LoginLink { token, method }): Json<LoginLink>,
) -> Result<Response, ApiError> {
    let old = match method {
        Method::Cookie => cookie::read(&app, &axum::http::Method::POST, &uri, &headers)?,
        Method::Token => None,
    };
    let token = Zeroizing::new(token);
    let done = app.authority.log_in_by_link(&token, method, &context).await;
    app.metrics.login(done.is_ok());
    Ok(login::answer(&app, done?, old, &context).await)
}

/// Say "this was not me", with the link of a notice.
///
/// Every session ends, the password no longer works, the address that the notice was sent to is the account's again, and
/// a link that sets a new password is sent there.
#[utoipa::path(
    post, path = "/v1/not-me", tag = "Links", request_body = Link,
    responses((status = 204, description = "Taken back"), super::openapi::Refused),
)]
pub(super) async fn not_me(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(Link { token }): Json<Link>,
) -> Result<StatusCode, ApiError> {
    let token = Zeroizing::new(token);
    app.authority.not_me(&token, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}
