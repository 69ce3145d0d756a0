//! What happens to every request at last: its identifier, an error's bytes, the headers that every answer has, metrics and log.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONNECTION;
use axum::http::{HeaderName, HeaderValue, Method, Version};
use axum::response::Response;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::headers::secure;
use super::problem::ApiError;
use crate::App;

/// Gives each request its identifier, writes out an error and the headers that every answer has, counts, and logs.
#[derive(Clone)]
pub(crate) struct Finish(pub Arc<App>);

/// A service behind [`Finish`].
#[derive(Clone)]
pub(crate) struct Finishing<S> {
    inner: S,
    app: Arc<App>,
}

/// What is known of a request before it is answered.
struct Begun {
    started: Instant,
    id: HeaderValue,
    method: Method,
    is_kept: bool,
    route: Option<MatchedPath>,
}

impl<S> Layer<S> for Finish {
    type Service = Finishing<S>;

    fn layer(&self, inner: S) -> Finishing<S> {
        Finishing { inner, app: Arc::clone(&self.0) }
    }
}

impl<S, B> Service<Request> for Finishing<S>
where
    S: Service<Request, Response = Response<B>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = FinishFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let begun = Begun {
            started: Instant::now(),
            id: HeaderValue::try_from(self.app.request_id()).unwrap_or_else(|_| HeaderValue::from_static("")),
            method: request.method().clone(),
            is_kept: matches!(request.version(), Version::HTTP_10 | Version::HTTP_11),
            route: request.extensions().get().cloned(),
        };
        request.extensions_mut().insert(RequestId(begun.id.clone()));
        FinishFuture { inner: self.inner.call(request), begun, app: Arc::clone(&self.app) }
    }
}

pin_project! {
    /// The answer of [`Finishing`].
    pub(crate) struct FinishFuture<F> {
        #[pin]
        inner: F,
        begun: Begun,
        app: Arc<App>,
    }
}

impl<F, B, E> Future for FinishFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?.map(Body::new);
        this.begun.finish(this.app, &mut response);
        Poll::Ready(Ok(response))
    }
}

impl Begun {
    fn finish(&self, app: &App, response: &mut Response) {
        let (id, method) = (self.id.to_str().unwrap_or_default(), &self.method);
        let error = response.extensions_mut().remove::<ApiError>();
        let code = error.as_ref().map_or("", ApiError::code);
        if let Some(error) = error {
            error.write(response, id);
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.clone());
        secure(app, headers);
        // HTTP/1 has no other way to send a client elsewhere: to close a connection that is kept is to lose the request that
        // is on its way.
        if self.is_kept && app.is_leaving() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let elapsed = self.started.elapsed();
        let (status, route) = (response.status().as_u16(), self.route.as_ref().map_or("none", MatchedPath::as_str));
        app.metrics.request(method, route, status, code, elapsed);
        let micros = elapsed.as_micros() as u64;
        match status {
            500.. => tracing::warn!(target: REQUESTS, id, %method, route, status, code, micros),
            _ => tracing::debug!(target: REQUESTS, id, %method, route, status, code, micros),
        }
    }
}

/// The request's identifier, for logs.
#[derive(Clone)]
pub(crate) struct RequestId(pub HeaderValue);

/// The log target of one line for each request: metrics count them all, a proxy lists them.
const REQUESTS: &str = "tokenry::request";
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
