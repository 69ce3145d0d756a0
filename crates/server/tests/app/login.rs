//! `POST /v1/login`.

use axum::http::Request;
use serde_json::{Value, json};
use tokenry_domain::audit::AuditKind;

use crate::app::harness::{Admin, Anonymous, OTHER_PASSWORD, PASSWORD, Site};

/// The whole answer but for what names the request.
async fn refused(site: &Site, identifier: &str, password: &str) -> Value {
    let mut answer = site.try_login(identifier, password).await;
    answer.is_problem(401, "invalid_credentials");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"tokenry\"");
    answer.body.as_object_mut().unwrap().remove("request_id");
    answer.body
}

#[tokio::test]
async fn an_unknown_user_a_wrong_password_and_a_disabled_user_are_answered_alike() {
    let site = Site::new().await;
    site.signup("kim").await;
    let lee = site.signup("lee").await;
    let lee = site.get(&lee, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    site.patch(&Admin, &format!("/v1/admin/users/{lee}"), json!({ "status": "disabled" })).await;
    let no_password = json!({ "username": "park" });
    assert_eq!(site.post(&Admin, "/v1/admin/users", no_password).await.status, 201);
    let wrong = refused(&site, "kim", OTHER_PASSWORD).await;
    for identifier in ["nobody", "nobody@example.com", "", "\u{202e}", "a b", "lee", "park"] {
        assert_eq!(refused(&site, identifier, PASSWORD).await, wrong, "{identifier}");
    }
    assert_eq!(refused(&site, "kim", "").await, wrong);
    assert_eq!(site.audit(AuditKind::LoginFailed).await.len(), 9);
}

#[tokio::test]
async fn each_log_in_is_a_session_of_its_own_and_is_audited() {
    let site = Site::new().await;
    site.signup("kim").await;
    let (one, two) = (site.login("kim").await, site.login("kim").await);
    assert_ne!(one.session, two.session);
    let audited = site.audit(AuditKind::LoggedIn).await;
    assert_eq!(audited.len(), 2);
    assert_eq!(audited[0].event.session.map(|id| id.to_string()), Some(two.session));
    assert_eq!(audited[0].event.address.map(|address| address.to_string()).as_deref(), Some("192.0.2.1"));
}

#[tokio::test]
async fn the_method_is_token_or_cookie() {
    let site = Site::new().await;
    site.signup("kim").await;
    let with = |method: &str| json!({ "identifier": "kim", "password": PASSWORD, "method": method });
    assert_eq!(site.post(&Anonymous, "/v1/login", with("token")).await.status, 200);
    assert_eq!(site.post(&Anonymous, "/v1/login", with("cookie")).await.status, 200);
    for bad in ["TOKEN", "session", ""] {
        site.post(&Anonymous, "/v1/login", with(bad)).await.is_invalid_at("/method");
    }
}

#[tokio::test]
async fn a_password_in_the_query_is_not_read() {
    let site = Site::new().await;
    site.signup("kim").await;
    let request = Request::post(format!("/v1/login?identifier=kim&password={}", PASSWORD.replace(' ', "+")));
    site.send_json(request, &json!({})).await.is_problem(400, "invalid_request");
}
