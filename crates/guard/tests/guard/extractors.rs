//! `Claims`, `Option<Claims>`, `Claims<MyClaims>`, and what a route demands.

use axum::Router;
use axum::routing::get as route;
use serde::Deserialize;
use tokenry_guard::testing::Issuer;
use tokenry_guard::{Claims, Refusal, require_role, require_scope};

use super::service::{get, service};

#[derive(Deserialize)]
struct Employee {
    team: String,
    #[serde(rename = "https://localhost:8000/user/is_admin", default)]
    is_admin: bool,
}

#[tokio::test]
async fn absent_is_anonymous_and_bad_is_an_error() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let service = service(&guard);
    let good = issuer.token("kim").sign();
    get(&service, "/", None).await.is_hello("anonymous");
    get(&service, "/", Some(&good)).await.is_hello("kim");
    get(&service, "/", Some("a.b.c")).await.is_problem(401, "token_invalid");
    get(&service, "/orders", None).await.is_problem(401, "token_missing");
    get(&service, "/orders", Some(&good)).await.is_hello("kim");
    get(&service, "/orders", Some("a.b.c")).await.is_problem(401, "token_invalid");
    let refused = guard.metrics().refused;
    assert!(refused.contains(&("token_missing", 1)) && refused.contains(&("token_invalid", 2)), "{refused:?}");
}

#[tokio::test]
async fn claims_of_the_applications_own_have_its_type() {
    let issuer = Issuer::new("orders");
    let service = Router::new()
        .route(
            "/",
            route(async |claims: Claims<Employee>| format!("{} {}", claims.custom().team, claims.custom().is_admin)),
        )
        .route(
            "/maybe",
            route(async |claims: Option<Claims<Employee>>| claims.map_or(String::new(), |it| it.custom().team.clone())),
        )
        .layer(issuer.guard().layer());
    let token = issuer.token("kim").claim("team", "north").claim("https://localhost:8000/user/is_admin", true).sign();
    get(&service, "/", Some(&token)).await.is_hello("north true");
    get(&service, "/maybe", Some(&token)).await.is_hello("north");
    get(&service, "/maybe", None).await.is_hello("");
    for token in [issuer.token("kim").sign(), issuer.token("kim").claim("team", 7).sign()] {
        for path in ["/", "/maybe"] {
            get(&service, path, Some(&token)).await.is_problem(401, "token_invalid");
        }
    }
    let claims = issuer.guard().verify(&token).await.unwrap();
    assert_eq!(claims.read::<Employee>().unwrap().custom().team, "north");
    assert_eq!(claims.get::<String>("team").as_deref(), Some("north"));
}

#[tokio::test]
async fn a_scope_or_a_role_that_is_missing_is_forbidden() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let by_hand = async |claims: Claims| -> Result<&'static str, Refusal> {
        claims.require_scope("orders:write")?;
        claims.require_role("clerk")?;
        Ok("done")
    };
    let service = Router::new()
        .route("/scope", route(async || "done").layer(require_scope("orders:write")))
        .route("/role", route(async || "done").layer(require_role("clerk")))
        .route("/both", route(by_hand))
        .layer(guard.layer());
    let whole = Router::new()
        .route("/", route(async || "done"))
        .layer(guard.layer().require_scope("orders:write").require_role("clerk"));
    let able = issuer.token("kim").scope("orders:read").scope("orders:write").role("clerk").sign();
    let unable = issuer.token("kim").scope("orders:writer orders").role("Clerk").sign();
    for (service, path) in [(&service, "/scope"), (&service, "/role"), (&service, "/both"), (&whole, "/")] {
        get(service, path, Some(&able)).await.is_hello("done");
        get(service, path, Some(&unable)).await.is_problem(403, "forbidden");
        get(service, path, None).await.is_problem(401, "token_missing");
    }
    let answer = get(&service, "/scope", Some(&unable)).await;
    assert!(answer.header("www-authenticate").ends_with("scope=\"orders:write\""), "{answer:?}");
}

#[tokio::test]
async fn a_route_without_a_layer_is_closed_not_open() {
    let issuer = Issuer::new("orders");
    let service = Router::new()
        .route("/orders", route(async |_: Claims| "open"))
        .route("/", route(async |_: Option<Claims>| "open"))
        .route("/scope", route(async || "open").layer(require_scope("a")));
    for path in ["/orders", "/", "/scope"] {
        get(&service, path, Some(&issuer.token("kim").sign())).await.is_problem(503, "unavailable");
        get(&service, path, None).await.is_problem(503, "unavailable");
    }
}
