use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokenry_domain::authority::Refresh;
use tokenry_domain::error::Error;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::body::Json;
use super::client::Caller;
use super::problem::ApiError;
use super::views::{NO_STORE, Pair};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(super) struct Request {
    /// The newest refresh token.
    refresh_token: String,
    /// The access token that came with it, expired or not.
    access_token: Option<String>,
}

/// Exchange a refresh token, and the access token that came with it, for a new pair.
///
/// The same request may be repeated: within the repeat window, or at any time with the same `Idempotency-Key`, it is
/// answered with the same refresh token.
#[utoipa::path(
    post, path = "/v1/refresh", tag = "Log-in", request_body = Request,
    params(("Idempotency-Key" = Option<String>, Header, description = "One for each stored refresh token")),
    responses((status = 200, description = "A new pair", body = Pair), super::openapi::Refused),
)]
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(request): Json<Request>,
) -> Result<impl IntoResponse, ApiError> {
    let request = Refresh {
        refresh_token: Zeroizing::new(request.refresh_token),
        access_token: request.access_token.map(Zeroizing::new),
        held: app.pulse.held(),
    };
    let refreshed = app.authority.refresh(request, &context).await;
    app.metrics.refresh(match &refreshed {
        Ok(refreshed) => refreshed.decision,
        Err(Error::RefreshReused) => "reuse",
        Err(Error::RefreshStale) => "stale",
        Err(Error::Revoked(_)) => "ended",
        Err(_) => "refused",
    });
    Ok((NO_STORE, Answer(Pair::from(refreshed?.tokens))))
}
