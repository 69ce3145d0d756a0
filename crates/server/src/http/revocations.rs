use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use tokenry_domain::Error;
use utoipa::IntoParams;

use super::bearer::{bearer, is_secret};
use super::client::Address;
use super::problem::ApiError;
use crate::App;
use crate::feed::Position;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// Only what follows this entry: its `seq`, or `SEQ-TAG` as in an event's `id`. `Last-Event-ID` overrides it.
    after: Option<String>,
}

/// What services that verify alone must no longer accept.
///
/// With `Accept: text/event-stream` a stream of events: `revocation`, `heartbeat` (each second: a signed statement of the
/// newest `seq` and the digest of all entries) and `reset` (load the snapshot again). Without it the snapshot.
#[utoipa::path(
    get, path = "/v1/revocations", tag = "Services", params(Parameters),
    security((), ("revocations" = [])),
    responses(
        (status = 200, description = "The snapshot: `seq`, `tag`, `entries` and a signed `heartbeat`; or the events",
         content((Object = "application/json"), (String = "text/event-stream"))),
        (status = 304, description = "The snapshot is the one of `If-None-Match`"),
        super::openapi::Refused,
    ),
)]
pub(super) async fn revocations(
    State(app): State<Arc<App>>,
    Address(address): Address,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(expected) = &app.config.revocations.token {
        let token = bearer(&headers)?.ok_or_else(ApiError::token_missing)?;
        if !is_secret(token, expected) {
            return Err(ApiError::token_invalid("not the token of the revocation feed"));
        }
    }
    let Query(parameters) = parameters.map_err(ApiError::invalid_request)?;
    let position = position(&parameters, &headers)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text(ACCEPT).contains("text/event-stream") {
        let named = |etag| [(ETAG, etag), (CACHE_CONTROL, "no-cache".to_owned())];
        if headers.contains_key(IF_NONE_MATCH) {
            let current = app.feed.etag(&app.authority).await?;
            if text(IF_NONE_MATCH).split(',').any(|etag| etag.trim() == current) {
                return Ok((StatusCode::NOT_MODIFIED, named(current)).into_response());
            }
        }
        let snapshot = app.feed.snapshot(&app.authority).await?;
        return Ok((named(snapshot.etag), [(CONTENT_TYPE, "application/json")], snapshot.json).into_response());
    }
    let Some(events) = app.feed.subscribe(&app.authority, position, address).await? else {
        return Err(Error::Unavailable("the revocation feed has all the subscribers it may have".to_owned()).into());
    };
    // A proxy that collects an answer before it passes it on would hold every event back.
    Ok(([(UNBUFFERED, "no")], Sse::new(events.map(Ok::<_, Infallible>))).into_response())
}

fn position(parameters: &Parameters, headers: &HeaderMap) -> Result<Position, ApiError> {
    let text = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(value.to_str().map_err(|_| ApiError::invalid_request("Last-Event-ID is not ASCII"))?),
        None => parameters.after.as_deref(),
    };
    text.map_or(Ok(Position::Beginning), |text| text.parse().map_err(ApiError::invalid_request))
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
