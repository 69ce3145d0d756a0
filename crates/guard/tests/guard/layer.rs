//! The layer on services that are not axum's, and what it says to whom.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get as route;
use axum::{Router, body};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokenry_guard::testing::Issuer;
use tokenry_guard::{Claims, Guard, Policy};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::service::{Answer, get, send};

#[tokio::test]
async fn any_service_on_tower_can_stand_behind_it() {
    let issuer = Issuer::new("orders");
    let inner = service_fn(async |request: Request<()>| {
        let who = Claims::of(request.extensions()).map_or("anonymous".to_owned(), |claims| claims.subject().to_owned());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(who))))
    });
    let service = ServiceBuilder::new().layer(issuer.guard().layer()).service(inner);
    let call = async |bearer: Option<String>| {
        let mut request = Request::new(());
        if let Some(bearer) = bearer {
            request.headers_mut().insert("authorization", bearer.parse().unwrap());
        }
        let response = service.clone().oneshot(request).await.unwrap();
        (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
    };
    assert_eq!(call(Some(issuer.token("kim").bearer())).await, (200, "kim".into()));
    assert_eq!(call(None).await, (200, "anonymous".into()));
    assert_eq!(call(Some("Bearer a".into())).await.0, 401);
}

#[tokio::test]
async fn a_layer_that_is_required_closes_every_route() {
    let issuer = Issuer::new("orders");
    let service = Router::new().route("/", route(async || "secret")).layer(issuer.guard().layer().required());
    get(&service, "/", None).await.is_problem(401, "token_missing");
    get(&service, "/nowhere", None).await.is_problem(401, "token_missing");
    get(&service, "/", Some(&issuer.token("kim").sign())).await.is_hello("secret");
}

#[tokio::test]
async fn a_caller_that_speaks_grpc_gets_a_status_of_grpc() {
    let issuer = Issuer::new("orders");
    let service = Router::new()
        .route("/", route(async || "done"))
        .layer(issuer.guard().layer().require_scope("a").when_stale(Policy::Refuse));
    let good = issuer.token("kim").scope("a").bearer();
    let expired = issuer.token("kim").expires_in(-1).bearer();
    for (bearer, status, code) in [
        (None, "16", "token_missing"),
        (Some("Bearer a".to_owned()), "16", "token_invalid"),
        (Some(expired), "16", "token_expired"),
        (Some(issuer.token("kim").bearer()), "7", "forbidden"),
    ] {
        is_status(&call_grpc(&service, "application/grpc+proto", bearer).await, status, code);
    }
    assert_eq!(call_grpc(&service, "application/grpc+proto", Some(good.clone())).await.body, "done");
    issuer.clock().pass(std::time::Duration::from_secs(6));
    is_status(&call_grpc(&service, "application/grpc", Some(good)).await, "14", "unavailable");
}

#[tokio::test]
async fn a_caller_that_speaks_grpc_learns_of_a_route_and_of_a_handler() {
    let issuer = Issuer::new("orders");
    let service = Router::new()
        .route("/", route(async |_: Claims| ""))
        .route("/clerks", route(async || "").layer(tokenry_guard::require_role("clerk")))
        .layer(issuer.guard().layer());
    is_status(&call_grpc(&service, "application/grpc", None).await, "16", "token_missing");
    let request = Request::get("/clerks").header("content-type", "application/grpc");
    let request = request.header("authorization", issuer.token("kim").bearer()).body(Body::empty()).unwrap();
    is_status(&send(&service, request).await, "7", "forbidden");
}

#[tokio::test]
async fn a_caller_that_speaks_grpc_is_unavailable_without_keys() {
    // Nothing listens there.
    let guard = Guard::builder("http://127.0.0.1:1", "orders").connect().await.unwrap();
    let service = Router::new().route("/", route(async || "")).layer(guard.layer());
    let bearer = Issuer::new("orders").token("kim").bearer();
    is_status(&call_grpc(&service, "application/grpc", Some(bearer)).await, "14", "unavailable");
}

#[tokio::test]
async fn only_grpc_is_answered_as_grpc_and_in_its_own_type() {
    let issuer = Issuer::new("orders");
    let service = Router::new().route("/", route(async || "")).layer(issuer.guard().layer().required());
    for kind in ["application/grpc", "application/grpc+json", "Application/gRPC-Web+proto", "application/grpc; a=b"] {
        let answer = call_grpc(&service, kind, None).await;
        is_status(&answer, "16", "token_missing");
        assert_eq!(answer.header("content-type"), kind);
    }
    for kind in ["", "application/grp", "application/grpcs", "application/json", "text/application/grpc"] {
        call_grpc(&service, kind, None).await.is_problem(401, "token_missing");
    }
}

async fn call_grpc(service: &Router, kind: &str, bearer: Option<String>) -> Answer {
    let mut request = Request::get("/").header("content-type", kind);
    if let Some(bearer) = bearer {
        request = request.header("authorization", bearer);
    }
    send(service, request.body(Body::empty()).unwrap()).await
}

/// That it ends with its headers, in this status.
#[track_caller]
fn is_status(answer: &Answer, status: &str, code: &str) {
    assert_eq!((answer.status, &answer.body), (200, &"".into()), "{answer:?}");
    assert_eq!((answer.header("grpc-status"), answer.header("tokenry-code")), (status, code), "{answer:?}");
    let message = answer.header("grpc-message");
    assert!(!message.is_empty() && message.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'%'));
}

#[tokio::test]
async fn the_requests_identifier_is_in_the_problem() {
    let issuer = Issuer::new("orders");
    let service = Router::new().route("/", route(async |_: Claims| "")).layer(issuer.guard().layer());
    for (sent, expected) in [("abc-1\"", Some("abc-1\"")), (&*"a".repeat(200), None)] {
        let request = Request::get("/").header("x-request-id", sent).body(body::Body::empty()).unwrap();
        let answer = send(&service, request).await;
        answer.is_problem(401, "token_missing");
        assert_eq!(answer.body["request_id"].as_str(), expected);
    }
}
