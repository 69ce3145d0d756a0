use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokenry_domain::error::Error;

use super::problem::ApiError;

/// A value as JSON. Most of what is written behind it, headers too, has room from the start.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        if let Err(error) = serde_json::to_writer(&mut json, &self.0) {
            return ApiError::from(Error::Internal(error.to_string())).into_response();
        }
        let mut response = Response::new(Body::from(json));
        response.headers_mut().reserve(USUAL_HEADERS);
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// A pair of tokens has them.
const USUAL_BYTES: usize = 1536;
/// Those of an answer to a page of another origin.
const USUAL_HEADERS: usize = 12;
