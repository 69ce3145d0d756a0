use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokenry_domain::error::Error;

use super::answer::Answer;
use super::bearer::LoggedIn;
use super::client::Caller;
use super::path::Path;
use super::problem::ApiError;
use super::views::{NO_STORE, Sessions};
use crate::App;

/// The caller's live sessions, newest first.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "Sessions", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The sessions", body = Sessions), super::openapi::Refused),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
) -> Result<impl IntoResponse, ApiError> {
    let sessions = app.authority.sessions(caller.user.id).await?;
    Ok((NO_STORE, Answer(Sessions::new(&sessions, Some(caller.session.id)))))
}

/// End one of the caller's sessions.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", tag = "Sessions", security(("bearer" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "The session")),
    responses((status = 204, description = "Ended"), super::openapi::Refused),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| Error::NotFound("session"))?;
    app.authority.end_own_session(&caller, id, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of the caller's sessions but this one.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "Sessions", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Ended"), super::openapi::Refused),
)]
pub(super) async fn end_others(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
) -> Result<StatusCode, ApiError> {
    app.authority.end_other_sessions(&caller, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}
