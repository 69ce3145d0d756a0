//! `POST /v1/refresh` with an `Idempotency-Key`.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tokenry_domain::audit::AuditKind;

use crate::app::harness::{Anonymous, PASSWORD, Site};

#[tokio::test]
async fn the_same_request_is_repeated_however_late() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh_keyed(&first.refresh, "one").await.pair();
    site.pass(10);
    assert_eq!(site.refresh_keyed(&first.refresh, "one").await.pair().refresh, second.refresh);
    site.pass(3600);
    let late = site.refresh_keyed(&first.refresh, "one").await;
    assert_eq!(late.body["refresh_expires_in"], 14 * 86_400);
    let late = late.pair();
    site.accepts(&late).await;
    // The position is the same one: re-dated, not forked.
    assert_eq!(site.row(&first).await.refresh.child.unwrap().ordinal, 0);
    assert_eq!(site.refresh_keyed(&second.refresh, "two").await.status, 200);
}

#[tokio::test]
async fn another_key_on_the_same_token_is_reuse_at_any_age() {
    for wait in [0, 11, 3600] {
        let site = Site::new().await;
        let first = site.signup("kim").await;
        let owner = site.refresh_keyed(&first.refresh, "owner").await.pair();
        site.pass(wait);
        site.refresh_keyed(&first.refresh, "thief").await.is_problem(401, "refresh_reused");
        site.pass(-wait);
        site.has_ended(&owner, "reuse").await;
        assert_eq!(site.audit(AuditKind::RefreshReused).await.len(), 1);
    }
}

#[tokio::test]
async fn a_keyed_session_without_a_key_is_reuse() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh_keyed(&first.refresh, "one").await.pair();
    site.refresh(&second.refresh).await.is_problem(401, "refresh_reused");
    site.has_ended(&second, "reuse").await;
}

#[tokio::test]
async fn a_key_on_a_repeat_of_a_plain_child_makes_the_session_keyed() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    assert_eq!(site.refresh_keyed(&first.refresh, "one").await.pair().refresh, second.refresh);
    assert!(site.row(&first).await.refresh.keyed);
    site.refresh(&second.refresh).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn a_duplicate_one_generation_late_is_stale_however_late() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh_keyed(&first.refresh, "one").await.pair();
    let third = site.refresh_keyed(&second.refresh, "two").await.pair();
    site.pass(3600);
    site.refresh_keyed(&first.refresh, "one").await.is_problem(409, "refresh_stale");
    let fourth = site.refresh_keyed(&third.refresh, "three").await.pair();
    site.pass(3600);
    // Two generations late it can't be told from a copy.
    site.refresh_keyed(&first.refresh, "one").await.is_problem(401, "refresh_reused");
    site.refresh_keyed(&fourth.refresh, "four").await.is_problem(401, "token_revoked");
}

#[tokio::test]
async fn a_stolen_parent_with_another_key_is_reuse_after_the_window() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh_keyed(&first.refresh, "one").await.pair();
    site.refresh_keyed(&second.refresh, "two").await.pair();
    site.pass(11);
    site.refresh_keyed(&first.refresh, "thief").await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn a_key_at_sign_up_or_log_in_makes_the_session_keyed() {
    for (path, name) in [("/v1/signup", "username"), ("/v1/login", "identifier")] {
        let site = Site::new().await;
        if path == "/v1/login" {
            site.signup("kim").await;
        }
        let request = Request::post(path).header("idempotency-key", "first");
        let kim = site.send_json(request, &json!({ name: "kim", "password": PASSWORD })).await.pair();
        assert!(site.row(&kim).await.refresh.keyed, "{path}");
        site.refresh(&kim.refresh).await.is_problem(401, "refresh_reused");
    }
}

#[tokio::test]
async fn a_bad_key_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let long = "k".repeat(256);
    for keys in [&[""][..], &["two words"], &["a", "a"], &[&long]] {
        let mut request = Request::post("/v1/refresh");
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        let answer = site.send_json(request, &json!({ "refresh_token": kim.refresh })).await;
        answer.is_problem(400, "invalid_request");
    }
    let request = Request::post("/v1/refresh")
        .header("content-type", "application/json")
        .header("idempotency-key", [0xff, 0xfe].as_slice());
    let body = Body::from(json!({ "refresh_token": kim.refresh }).to_string());
    site.send(request.body(body).unwrap()).await.is_problem(400, "invalid_request");
    assert_eq!(site.row(&kim).await.version, 0);
    assert_eq!(site.refresh_keyed(&kim.refresh, &"k".repeat(255)).await.status, 200);
}

#[tokio::test]
async fn a_key_is_not_a_member_of_the_body() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let body = json!({ "refresh_token": kim.refresh, "idempotency_key": "one" });
    site.post(&Anonymous, "/v1/refresh", body).await.is_invalid_at("/idempotency_key");
}
