use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokenry_domain::Error;

use super::problem::ApiError;
use crate::App;

/// Whether the process runs.
#[utoipa::path(
    get, path = "/healthz", tag = "Operation",
    responses((status = 200, description = "It runs", body = String)),
)]
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// Whether requests can be answered: the database is there, and the process has not been told to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "Operation",
    responses((status = 200, description = "Ready", body = String), super::openapi::Refused),
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    if app.is_leaving() {
        return Err(Error::Unavailable("this process is stopping".to_owned()).into());
    }
    app.authority.store().ready().await.map_err(Error::from)?;
    Ok("ready\n")
}

/// Metrics in the OpenMetrics text format, unless they have an address of their own.
#[utoipa::path(
    get, path = "/metrics", tag = "Operation",
    responses((status = 200, description = "Metrics", body = String, content_type = "application/openmetrics-text"), super::openapi::Refused),
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, ApiError> {
    if app.config.metrics.listen.is_some() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", "metrics have an address of their own"));
    }
    Ok(([(CONTENT_TYPE, METRICS_TYPE)], app.metrics_text().await))
}

pub(crate) const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
