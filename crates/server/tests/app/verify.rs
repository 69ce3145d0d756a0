//! `GET /v1/verify`: a reverse proxy's forward-auth.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tokenry::config::List;

use crate::app::harness::{Admin, Anonymous, PASSWORD, Site};

fn audiences(names: &[&str]) -> List {
    List(names.iter().map(|name| (*name).to_owned()).collect())
}

#[tokio::test]
async fn a_reverse_proxy_learns_who_calls_percent_encoded() {
    let site = Site::new().await;
    let body = json!({ "username": "김,알로", "password": PASSWORD, "roles": ["a%b", "관리자", "x;y"] });
    let made = site.post(&Admin, "/v1/admin/users", body).await;
    let kim = site.login("김,알로").await;
    let verified = site.get(&kim, "/v1/verify").await;
    assert_eq!((verified.status, verified.header("cache-control")), (200, "no-store"));
    assert_eq!(verified.header("tokenry-subject"), made.body["id"]);
    assert_eq!(verified.header("tokenry-session"), kim.session);
    assert_eq!(verified.header("tokenry-username"), "%EA%B9%80%2C%EC%95%8C%EB%A1%9C");
    assert_eq!(verified.header("tokenry-roles"), "a%25b,x%3By,%EA%B4%80%EB%A6%AC%EC%9E%90");
    assert_eq!(verified.header("tokenry-scope"), "");
}

#[tokio::test]
async fn what_the_client_made_up_is_always_overwritten() {
    let site = Site::new().await;
    let kim = site.post(&Anonymous, "/v1/signup", json!({ "email": "kim@example.com", "password": PASSWORD })).await;
    let request = Request::get("/v1/verify")
        .header("authorization", format!("Bearer {}", kim.pair().access))
        .header("tokenry-roles", "admin")
        .header("tokenry-username", "root");
    let verified = site.send(request.body(Body::empty()).unwrap()).await;
    for name in ["tokenry-roles", "tokenry-username", "tokenry-scope"] {
        let values: Vec<_> = verified.headers.get_all(name).iter().collect();
        assert_eq!(values, [""], "{name}");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_forbidden() {
    let site = Site::with(|config| config.token.audience = audiences(&["orders", "billing"])).await;
    let kim = site.signup("kim").await;
    for audience in ["orders", "billing"] {
        assert_eq!(site.get(&kim, &format!("/v1/verify?audience={audience}")).await.status, 200);
    }
    for audience in ["shipping", "", "Orders", "orders,billing"] {
        let answer = site.get(&kim, &format!("/v1/verify?audience={audience}")).await;
        answer.is_problem(403, "forbidden");
        assert!(!answer.headers.contains_key("tokenry-subject"));
    }
    site.get(&kim, "/v1/verify?other=1").await.is_problem(400, "invalid_request");
    site.get(&kim, "/v1/verify?audience=orders&audience=billing").await.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn without_a_live_session_no_one_is_named() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.get(&Anonymous, "/v1/verify").await.is_problem(401, "token_missing");
    site.logout(&kim).await.is_done();
    let revoked = site.get(&kim, "/v1/verify").await;
    revoked.is_problem(401, "token_revoked");
    assert!(revoked.headers.keys().all(|name| !name.as_str().starts_with("tokenry-")));
}
