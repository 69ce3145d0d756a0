//! Every call of the reference, made by no one.

use axum::http::Method;
use serde_json::json;
use tokenry_domain::audit::AuditFilter;

use crate::app::harness::{Anonymous, Site};

/// The calls that do not ask who calls. One is added here on purpose or not at all.
const PUBLIC: &str = include_str!("../public-routes.txt");

/// The calls of the reference: method and path.
async fn calls(site: &Site) -> Vec<(Method, String)> {
    let document = site.get(&Anonymous, "/openapi.json").await.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        calls.extend(methods.map(|method| (method.to_uppercase().parse().unwrap(), path.clone())));
    }
    calls
}

#[tokio::test]
async fn only_listed_calls_answer_a_stranger() {
    let site = Site::new().await;
    let mut open = Vec::new();
    for (method, path) in calls(&site).await {
        // With a body and without: neither comes before the question who calls.
        let bare = site.call(&Anonymous, method.clone(), &path, None).await;
        let full = site.call(&Anonymous, method.clone(), &path, Some(json!({ "any": "thing" }))).await;
        match bare.status {
            401 => bare.is_problem(401, "token_missing"),
            _ => open.push(format!("{method} {path}")),
        }
        if bare.status == 401 && path != "/v1/logout" {
            full.is_problem(401, "token_missing");
        }
    }
    open.sort();
    // The other lines are pages: `pages.rs` goes through those.
    let pages = tokenry::App::pages();
    let is_page = |line: &str| pages.contains(&line.split(' ').nth(1).unwrap()) || line.contains(" /assets/");
    assert_eq!(open, PUBLIC.lines().filter(|line| !is_page(line)).collect::<Vec<_>>());
    assert!(
        site.store()
            .audit(AuditFilter { limit: 1000, ..AuditFilter::default() })
            .await
            .unwrap()
            .iter()
            .all(|record| record.event.user.is_none())
    );
}

#[tokio::test]
async fn without_an_admin_token_the_admin_calls_answer_403() {
    let site = Site::with(|config| config.admin.token = None).await;
    let mut admin = 0;
    for (method, path) in calls(&site).await {
        if path.starts_with("/v1/admin/") {
            site.call(&Anonymous, method, &path, None).await.is_problem(403, "forbidden");
            admin += 1;
        }
    }
    assert_eq!(admin, 7);
}

#[tokio::test]
async fn the_reference_names_every_call_of_the_contract() {
    let site = Site::new().await;
    let calls: Vec<String> = calls(&site).await.iter().map(|(method, path)| format!("{method} {path}")).collect();
    for expected in [
        "POST /v1/signup",
        "POST /v1/login",
        "POST /v1/refresh",
        "POST /v1/logout",
        "GET /v1/me",
        "PATCH /v1/me",
        "DELETE /v1/me",
        "POST /v1/password",
        "GET /v1/sessions",
        "DELETE /v1/sessions",
        "DELETE /v1/sessions/{id}",
        "GET /v1/verify",
        "POST /v1/introspect",
        "GET /v1/admin/users",
        "POST /v1/admin/users",
        "GET /v1/admin/users/{id}",
        "PATCH /v1/admin/users/{id}",
        "DELETE /v1/admin/users/{id}",
        "GET /v1/admin/users/{id}/sessions",
        "DELETE /v1/admin/users/{id}/sessions",
        "GET /.well-known/jwks.json",
        "GET /.well-known/oauth-authorization-server",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    ] {
        assert!(calls.iter().any(|call| call == expected), "{expected}");
    }
}
