//! What happens to good tokens while revocations are not known.

use std::time::Duration;

use axum::Router;
use axum::routing::get as route;
use tokenry_guard::testing::Issuer;
use tokenry_guard::{Claims, Freshness, Policy};

use super::issuer::{Canned, FakeIssuer};
use super::service::get;

#[tokio::test]
async fn a_layer_a_route_and_a_guard_each_have_their_own() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let strict = guard.layer().when_stale(Policy::Refuse);
    let service = Router::new()
        .route("/pay", route(async |claims: Claims| claims.subject().to_owned()).layer(strict))
        .route("/look", route(async |claims: Claims| claims.subject().to_owned()))
        .layer(guard.layer());
    let token = issuer.token("kim").sign();
    for path in ["/pay", "/look"] {
        get(&service, path, Some(&token)).await.is_hello("kim");
    }
    issuer.clock().pass(Duration::from_secs(5));
    assert_eq!(guard.status().freshness, Freshness::Stale);
    get(&service, "/pay", Some(&token)).await.is_problem(503, "unavailable");
    get(&service, "/look", Some(&token)).await.is_hello("kim");
    // A bad token is bad, whatever is known.
    get(&service, "/pay", Some("a.b.c")).await.is_problem(401, "token_invalid");
    issuer.confirm(&guard);
    get(&service, "/pay", Some(&token)).await.is_hello("kim");

    let strict = issuer.guard_with(|builder| builder.when_stale(Policy::Refuse).lease(Duration::from_secs(2)));
    assert!(strict.verify(&token).await.is_ok());
    issuer.clock().pass(Duration::from_secs(2));
    assert_eq!(strict.verify(&token).await.unwrap_err().reason(), "stale");
    assert!(guard.verify(&token).await.is_ok());
}

#[tokio::test]
async fn cold_is_accepted_by_default_and_refused_on_demand() {
    let issuer = FakeIssuer::start().await;
    issuer.set_snapshot_answer(Canned { status: 503, ..Canned::default() });
    let token = issuer.token("kim");
    let guard = issuer.builder().connect().await.unwrap();
    assert_eq!((guard.status().freshness, guard.is_ready()), (Freshness::Cold, false));
    assert!(guard.verify(&token).await.is_ok());
    let strict = issuer.builder().when_cold(Policy::Refuse).connect().await.unwrap();
    let refusal = strict.verify(&token).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), ("unavailable", "cold"));
    let service =
        Router::new().route("/", route(async |_: Claims| "done")).layer(guard.layer().when_cold(Policy::Refuse));
    get(&service, "/", Some(&token)).await.is_problem(503, "unavailable");
    issuer.set_snapshot(&issuer.snapshot());
    tokio::time::timeout(Duration::from_secs(30), strict.ready()).await.unwrap();
    assert!(strict.verify(&token).await.is_ok());
}
