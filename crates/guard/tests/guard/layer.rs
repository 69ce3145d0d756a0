//! The layer on services that are not axum's, and what it says to whom.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get as route;
use axum::{Router, body};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokenry_guard::testing::Issuer;
use tokenry_guard::{Claims, Policy};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::service::{get, send};

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
    let guard = issuer.guard();
    let service = Router::new()
        .route("/", route(async || "done"))
        .layer(guard.layer().require_scope("a").when_stale(Policy::Refuse));
    let call = async |bearer: Option<String>| {
        let mut request = Request::get("/").header("content-type", "application/grpc+proto");
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        let answer = send(&service, request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.header("content-type"), &answer.body), (200, "application/grpc", &"".into()));
        (answer.headers["grpc-status"].clone(), answer.headers["grpc-message"].clone())
    };
    assert_eq!(call(None).await, ("16".parse().unwrap(), "token_missing".parse().unwrap()));
    let other = issuer.token("kim").bearer();
    assert_eq!(call(Some(other)).await, ("7".parse().unwrap(), "forbidden".parse().unwrap()));
    issuer.clock().pass(std::time::Duration::from_secs(6));
    let good = issuer.token("kim").scope("a").bearer();
    assert_eq!(call(Some(good)).await, ("14".parse().unwrap(), "unavailable".parse().unwrap()));
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
