//! Request bodies: bounded, read once, strict.

use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, Either};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

use super::problem::ApiError;

/// A JSON body that is exactly a `T`: no unknown member, none twice, UTF-8, not too deep.
pub(crate) struct Json<T>(pub T);

/// Reads a body of at most [`MOST_BYTES`] before any handler runs. One that is too long is read and thrown away, up to
/// a limit, so that the client sees the answer instead of a broken connection.
#[derive(Clone)]
pub(crate) struct Bounded;

/// A service behind [`Bounded`].
#[derive(Clone)]
pub(crate) struct Bounding<S>(S);

impl<S> Layer<S> for Bounded {
    type Service = Bounding<S>;

    fn layer(&self, inner: S) -> Bounding<S> {
        Bounding(inner)
    }
}

impl<S> Service<Request> for Bounding<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.body().is_end_stream() {
            return Either::Left(self.0.call(request));
        }
        // The clone is not ready; the one that is, is called.
        let clone = self.0.clone();
        let mut inner = std::mem::replace(&mut self.0, clone);
        Either::Right(Box::pin(async move {
            let (parts, body) = request.into_parts();
            match timeout(READ_TIME, read(body)).await {
                Ok(Ok(bytes)) => inner.call(Request::from_parts(parts, Body::from(bytes))).await,
                Ok(Err(error)) => Ok(closing(error)),
                Err(_) => Ok(closing(ApiError::invalid_request(format!(
                    "the body took longer than {} s",
                    READ_TIME.as_secs()
                )))),
            }
        }))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::invalid_request("send the body as Content-Type: application/json"));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::invalid_request("the body can't be read"))?;
        parse(&bytes).map(Self)
    }
}

/// Reads a `T` from JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::invalid_request("the body is not UTF-8"))?;
    tokenry_jwt::strict_json(text)
        .map_err(|fault| ApiError::invalid_request(format!("the body is not a plain JSON object: {fault}")))?;
    // Where it goes wrong is found out when it does.
    serde_json::from_str(text).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| ApiError::at(pointer(error.path()), error.inner()))
    })
}

async fn read(mut body: Body) -> Result<Bytes, ApiError> {
    // Most come in one piece, which stays where it is.
    let (mut only, mut all) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid_request("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = only.len() + all.len() + data.len();
        if length > MOST_BYTES {
            discard(body, length).await;
            let detail = format!("the body is longer than {} KiB", MOST_BYTES / 1024);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        if only.is_empty() && all.is_empty() {
            only = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut only));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { only } else { all.into() })
}

async fn discard(mut body: Body, mut read: usize) {
    let deadline = Instant::now() + DISCARD_TIME;
    while read < MOST_DISCARDED {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => read += frame.data_ref().map_or(0, Bytes::len),
            _ => break,
        }
    }
}

/// An answer after which the connection can't be used again: part of a body may still be on its way.
fn closing(error: ApiError) -> Response {
    let mut response = error.into_response();
    response.headers_mut().insert(axum::http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        _ => String::new(),
    });
    segments.collect()
}

/// Longest body, in bytes.
pub(crate) const MOST_BYTES: usize = 64 * 1024;
/// How much of a body that is too long is read before the connection is given up.
const MOST_DISCARDED: usize = 8 * 1024 * 1024;
const READ_TIME: Duration = Duration::from_secs(10);
const DISCARD_TIME: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[serde(rename = "name")]
        _name: String,
        #[serde(default, rename = "any")]
        _any: Value,
    }

    /// Sends `first`, and then nothing more.
    async fn send(first: usize) -> Response {
        let router = axum::Router::new().route("/", axum::routing::post(async || "read")).layer(Bounded);
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(1);
        sender.send_data(vec![b' '; first].into()).await.unwrap();
        let request = axum::http::Request::post("/").body(Body::new(body)).unwrap();
        let response = router.oneshot(request).await.unwrap();
        drop(sender);
        response
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        for (first, status) in [
            (0, StatusCode::BAD_REQUEST),
            (MOST_BYTES, StatusCode::BAD_REQUEST),
            (MOST_BYTES + 1, StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let response = send(first).await;
            assert_eq!((response.status(), response.headers()["connection"].as_bytes()), (status, &b"close"[..]));
        }
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_whole() {
        let text: Vec<u8> = (0..MOST_BYTES).map(|at| at as u8).collect();
        for size in [1, 1000, MOST_BYTES - 1, MOST_BYTES] {
            let pieces = text.chunks(size).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
            // An empty one is a piece, too.
            let pieces = [Ok(Bytes::new())].into_iter().chain(pieces).collect::<Vec<_>>();
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            assert!(read(body).await.unwrap() == text, "pieces of {size}");
        }
    }

    #[test]
    fn a_body_has_one_reading() {
        parse::<Example>(br#"{"name":"a"}"#).unwrap();
        let deep = format!(r#"{{"name":"a","any":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        for bad in [
            "",
            "{",
            "[]",
            "null",
            r#"{"name":1}"#,
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":"a","other":1}"#,
            r#"{"name":"a"} {}"#,
            r#"{"name":"\ud800"}"#,
            &deep,
        ] {
            parse::<Example>(bad.as_bytes()).unwrap_err();
        }
        parse::<Example>(b"{\"name\":\"\xff\"}").unwrap_err();
    }
}
