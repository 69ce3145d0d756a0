//! The service of the playground. It trusts a token as any service does: by the issuer's keys and the revocation feed,
//! without asking anyone.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokenry_domain::Error;
use tokenry_jwt::{Claims, Verifier, VerifyError};
use url::Url;

use super::bearer::bearer;
use super::problem::ApiError;
use super::views::NO_STORE;
use crate::App;
use crate::config::is_loopback;

/// The service's one call; nothing where the playground is off.
pub(super) fn router(app: &App) -> Router<Arc<App>> {
    if !is_on(app) {
        return Router::new();
    }
    Router::new().route(ORDERS, get(orders))
}

/// Whether the playground is shown: as configured, or else while developing, on a loopback issuer.
pub(super) fn is_on(app: &App) -> bool {
    let issuer = Url::parse(&app.authority.settings().issuer);
    let is_development = issuer.is_ok_and(|issuer| issuer.scheme() == "http" && is_loopback(&issuer));
    app.config.playground.enabled.unwrap_or(is_development)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// How old a token this service takes, in seconds; by default, as old as it says itself.
    max_age: Option<u32>,
}

async fn orders(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(parameters) = parameters.map_err(ApiError::invalid_request)?;
    let token = bearer(&headers)?.ok_or_else(ApiError::token_missing)?;
    let started = Instant::now();
    let claims = verify(&app, token, parameters.max_age)?;
    let micros = started.elapsed().as_micros() as u64;
    let answer = json!({ "subject": claims.subject(), "orders": ["tea", "cake"], "verified_in_micros": micros });
    Ok((NO_STORE, Json(answer)))
}

fn verify(app: &App, token: &str, max_age: Option<u32>) -> Result<Claims, ApiError> {
    let settings = app.authority.settings();
    let verifier = Verifier::new(&settings.issuer, &settings.audiences);
    let now = app.authority.now().seconds();
    let claims = verifier.verify(token, app.authority.keys().access_keys(), now).map_err(Error::from)?;
    if app.feed.revokes(&claims) {
        return Err(Error::Revoked(None).into());
    }
    let ends = max_age.zip(claims.issued_at()).map(|(age, issued_at)| issued_at + i64::from(age));
    match ends {
        Some(at) if at <= now => Err(Error::Token(VerifyError::Expired { at }).into()),
        _ => Ok(claims),
    }
}

pub(super) const ORDERS: &str = "/playground/orders";
