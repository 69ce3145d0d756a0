//! The admin calls: for whoever holds the token of `[admin]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;
use tokenry_domain::account::Status;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::{NewAccount, ProfileChange, UserChange, UserFilter};
use tokenry_domain::error::Error;
use tokenry_domain::id::UserId;
use tokenry_domain::password::Password;
use utoipa::{IntoParams, ToSchema};

use super::answer::Answer;
use super::bearer::Admin;
use super::body::Json;
use super::client::Caller;
use super::path::Path;
use super::problem::ApiError;
use super::views::{NO_STORE, Sessions, UserView, Users, present};
use crate::App;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// After the account of this identifier.
    after: Option<String>,
    /// At most so many, 100 by default, 1,000 at most.
    limit: Option<u32>,
    /// Only accounts with this text in a name.
    contains: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(super) struct NewUser {
    /// The name to log in with; this or `email` is needed.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The password; without one the account can't log in yet.
    password: Option<String>,
    /// Roles.
    #[serde(default)]
    roles: Vec<String>,
    /// Attributes.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Value>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub(super) struct Change {
    /// A new username, or null to have none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// A new e-mail address, or null to have none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Whether the e-mail address counts as verified.
    email_verified: Option<bool>,
    /// A new password. All sessions end.
    password: Option<String>,
    /// All roles.
    roles: Option<Vec<String>>,
    /// Attributes to set; null removes one (RFC 7396).
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Value>,
    /// `disabled` ends all sessions; `active` enables again.
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
}

/// List accounts.
#[utoipa::path(
    get, path = "/v1/admin/users", tag = "Administration", security(("admin" = [])), params(Page),
    responses((status = 200, description = "A page of accounts", body = Users), super::openapi::Refused),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Admin,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(page) = page.map_err(ApiError::invalid_request)?;
    let limit = page.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::invalid_request("limit is 1 to 1000"));
    }
    let after = page.after.map(|id| id.parse()).transpose().map_err(ApiError::invalid_request)?;
    // One more than asked for tells whether there is a next page.
    let filter = UserFilter { after, contains: page.contains, limit: limit + 1 };
    let mut users = app.authority.list_users(filter).await?;
    let more = users.len() > limit as usize;
    users.truncate(limit as usize);
    let next = users.last().filter(|_| more).map(|user| user.id.to_string());
    Ok((NO_STORE, Answer(Users { users: users.iter().map(UserView::from).collect(), next })))
}

/// Make an account.
#[utoipa::path(
    post, path = "/v1/admin/users", tag = "Administration", security(("admin" = [])), request_body = NewUser,
    responses((status = 201, description = "The account", body = UserView), super::openapi::Refused),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    _: Admin,
    Caller(context): Caller,
    Json(request): Json<NewUser>,
) -> Result<impl IntoResponse, ApiError> {
    let NewUser { username, email, password, roles, attributes } = request;
    let password = password.map(new_password).transpose()?;
    let new = NewAccount { username, email, password, roles, attributes };
    let user = app.authority.create_user(new, Actor::Admin, &context).await?;
    Ok((StatusCode::CREATED, NO_STORE, Answer(UserView::from(&user))))
}

/// One account.
#[utoipa::path(
    get, path = "/v1/admin/users/{id}", tag = "Administration", security(("admin" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, description = "The account", body = UserView), super::openapi::Refused),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let user = app.authority.find_user(user_id(&id)?).await?;
    Ok((NO_STORE, Answer(UserView::from(&user))))
}

/// Change, disable or enable an account.
#[utoipa::path(
    patch, path = "/v1/admin/users/{id}", tag = "Administration", security(("admin" = [])), request_body = Change,
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, description = "The account", body = UserView), super::openapi::Refused),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    _: Admin,
    Caller(context): Caller,
    Path(id): Path<String>,
    Json(request): Json<Change>,
) -> Result<impl IntoResponse, ApiError> {
    let change = UserChange {
        names: ProfileChange { username: request.username, email: request.email },
        email_verified: request.email_verified,
        password: request.password.map(new_password).transpose()?,
        roles: request.roles,
        attributes: request.attributes,
        status: request.status,
        ..UserChange::default()
    };
    let user = app.authority.change_user(user_id(&id)?, change, Actor::Admin, &context).await?;
    Ok((NO_STORE, Answer(UserView::from(&user))))
}

/// Delete an account. All its sessions end.
#[utoipa::path(
    delete, path = "/v1/admin/users/{id}", tag = "Administration", security(("admin" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 204, description = "Deleted"), super::openapi::Refused),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    _: Admin,
    Caller(context): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.authority.delete_user(user_id(&id)?, Actor::Admin, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account's live sessions.
#[utoipa::path(
    get, path = "/v1/admin/users/{id}/sessions", tag = "Administration", security(("admin" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, description = "The sessions", body = Sessions), super::openapi::Refused),
)]
pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let user = app.authority.find_user(user_id(&id)?).await?;
    let sessions = app.authority.sessions(user.id).await?;
    Ok((NO_STORE, Answer(Sessions::new(&sessions, None))))
}

/// End all of an account's sessions.
#[utoipa::path(
    delete, path = "/v1/admin/users/{id}/sessions", tag = "Administration", security(("admin" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 204, description = "Ended"), super::openapi::Refused),
)]
pub(super) async fn end_sessions(
    State(app): State<Arc<App>>,
    _: Admin,
    Caller(context): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.authority.revoke_sessions_of(user_id(&id)?, Actor::Admin, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn user_id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::NotFound("user"))
}

fn new_password(text: String) -> Result<Password, ApiError> {
    Password::new(text).map_err(|error| ApiError::at("/password", error))
}
