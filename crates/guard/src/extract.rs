//! Extractors for axum: `Claims`, `Option<Claims>`, `Claims<MyClaims>`.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::HeaderMap;
use http::request::Parts;

use crate::claims::Authenticated;
use crate::{Claims, FromClaims, Refusal, problem};

impl<T: FromClaims, S: Sync> FromRequestParts<S> for Claims<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        read(parts, |claims| claims.ok_or(Refusal::Missing).and_then(Self::new))
    }
}

impl<T: FromClaims, S: Sync> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Response> {
        read(parts, |claims| claims.map(Self::new).transpose())
    }
}

impl IntoResponse for Refusal {
    /// The answer to a request of which nothing more is known.
    fn into_response(self) -> Response {
        problem::answer(&self, &HeaderMap::new()).map(Body::from)
    }
}

#[expect(clippy::result_large_err, reason = "a rejection of axum's is an answer")]
fn read<T>(parts: &Parts, read: impl FnOnce(Option<tokenry_jwt::Claims>) -> Result<T, Refusal>) -> Result<T, Response> {
    let result = match parts.extensions.get::<Authenticated>() {
        Some(Authenticated { claims, guard }) => guard.note(read(claims.clone())),
        None => Err(Refusal::no_layer(parts.uri.path())),
    };
    result.map_err(|refusal| problem::answer(&refusal, &parts.headers).map(Body::from))
}
