//! A service behind a guard, called in process.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use axum::{Router, routing};
use serde_json::Value;
use tokenry_guard::{Claims, Guard};
use tower::ServiceExt;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// `/orders` wants a token, `/` takes anyone.
pub(crate) fn service(guard: &Guard) -> Router {
    Router::new()
        .route("/orders", routing::get(async |claims: Claims| claims.subject().to_owned()))
        .route(
            "/",
            routing::get(async |claims: Option<Claims>| {
                claims.map_or("anonymous".to_owned(), |claims| claims.subject().to_owned())
            }),
        )
        .layer(guard.layer())
}

pub(crate) async fn send(service: &Router, request: Request<Body>) -> Answer {
    let response = service.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_else(|_| text()) }
}

pub(crate) async fn get(service: &Router, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(service, request.body(Body::empty()).unwrap()).await
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn is_hello(&self, who: &str) {
        assert_eq!((self.status, self.body.as_str()), (200, Some(who)), "{self:?}");
    }

    /// That it is the problem of this status and code, whole.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.body["status"], status);
        assert!(["type", "title", "detail"].iter().all(|member| self.body[member].is_string()), "{self:?}");
        assert_eq!(self.headers.contains_key("retry-after"), status == 503);
        let challenge = match (status, code) {
            (401, "token_missing") => "Bearer realm=\"tokenry\"".to_owned(),
            (401, _) => {
                format!("Bearer realm=\"tokenry\", error=\"invalid_token\", error_description={}", self.body["detail"])
            }
            (403, _) => format!(
                "Bearer realm=\"tokenry\", error=\"insufficient_scope\", error_description={}",
                self.body["detail"]
            ),
            _ => String::new(),
        };
        assert!(self.header("www-authenticate").starts_with(&challenge), "{self:?}");
        assert_eq!(self.header("www-authenticate").is_empty(), challenge.is_empty());
    }
}
