use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokenry_domain::authority::Login;
use utoipa::ToSchema;

use super::body::Json;
use super::client::Caller;
use super::problem::ApiError;
use super::views::{NO_STORE, PairWithUser};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(super) struct Request {
    /// A username or an e-mail address.
    identifier: String,
    /// The password.
    password: String,
    /// How the session is carried.
    #[serde(default, rename = "method")]
    _method: Method,
}

/// How a session is carried.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    /// A token pair.
    #[default]
    Token,
}

/// Log in with id and password.
///
/// An unknown identifier and a wrong password are answered the same.
#[utoipa::path(
    post, path = "/v1/login", tag = "Log-in", request_body = Request,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the session keyed")),
    responses((status = 200, description = "Logged in", body = PairWithUser), super::openapi::Refused),
)]
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(request): Json<Request>,
) -> Result<impl IntoResponse, ApiError> {
    let Request { identifier, password, .. } = request;
    let done = app.authority.login(Login { identifier, password }, &context).await;
    app.metrics.login(done.is_ok());
    let done = done?;
    Ok((NO_STORE, Answer(PairWithUser::new(&done.tokens, &done.user))))
}
