use axum::extract::{FromRequestParts, Path as Decoded};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{self, ApiError};

/// What a path names. One that is no text names nothing.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Decoded::from_request_parts(parts, state).await {
            Ok(Decoded(named)) => Ok(Self(named)),
            Err(_) => Err(problem::no_such_path().await),
        }
    }
}
