use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokenry_domain::authority::ProfileChange;
use utoipa::ToSchema;

use super::answer::Answer;
use super::bearer::LoggedIn;
use super::body::Json;
use super::client::Caller;
use super::problem::ApiError;
use super::views::{NO_STORE, UserView, present};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileChange)]
pub(super) struct Change {
    /// A new username, or null to have none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// A new e-mail address, or null to have none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Confirmation)]
pub(super) struct Confirmation {
    /// The password, if the account has one. If not, the caller must have logged in less than ten minutes ago.
    current_password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub(super) struct PasswordChange {
    /// The password until now, if there is one. If not, the caller must have logged in less than ten minutes ago.
    current_password: Option<String>,
    /// The password from now on.
    new_password: String,
}

/// The caller's account.
#[utoipa::path(
    get, path = "/v1/me", tag = "Account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The account", body = UserView), super::openapi::Refused),
)]
pub(super) async fn show(LoggedIn(caller): LoggedIn) -> impl IntoResponse {
    (NO_STORE, Answer(UserView::from(&caller.user)))
}

/// Change the caller's names.
#[utoipa::path(
    patch, path = "/v1/me", tag = "Account", security(("bearer" = []), ("cookie" = [])), request_body = Change,
    responses((status = 200, description = "The account", body = UserView), super::openapi::Refused),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Json(Change { username, email }): Json<Change>,
) -> Result<impl IntoResponse, ApiError> {
    let user = app.authority.change_profile(&caller, ProfileChange { username, email }, &context).await?;
    Ok((NO_STORE, Answer(UserView::from(&user))))
}

/// Delete the caller's account. All its sessions end.
#[utoipa::path(
    delete, path = "/v1/me", tag = "Account", security(("bearer" = []), ("cookie" = [])), request_body = Confirmation,
    responses((status = 204, description = "Deleted"), super::openapi::Refused),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Json(request): Json<Confirmation>,
) -> Result<StatusCode, ApiError> {
    app.authority.delete_account(&caller, request.current_password, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the caller's password. Every other session ends.
#[utoipa::path(
    post, path = "/v1/password", tag = "Account", security(("bearer" = []), ("cookie" = [])), request_body = PasswordChange,
    responses((status = 204, description = "Changed"), super::openapi::Refused),
)]
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Json(request): Json<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let PasswordChange { current_password, new_password } = request;
    app.authority.change_password(&caller, current_password, new_password, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}
