//! `/v1/me`.

use axum::http::Method;
use serde_json::{Value, json};
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{Answer, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

async fn delete(site: &Site, user: &LoggedIn, password: &str) -> Answer {
    let body = json!({ "current_password": password });
    site.call(user, Method::DELETE, "/v1/me", Some(body)).await
}

#[tokio::test]
async fn a_user_reads_the_own_account_and_no_secret_of_it() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let answer = site.get(&kim, "/v1/me").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let members: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    let expected =
        ["attributes", "created_at", "email", "email_verified", "id", "roles", "status", "updated_at", "username"];
    assert_eq!(members, expected);
}

#[tokio::test]
async fn a_user_changes_the_own_names() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let both = site.patch(&kim, "/v1/me", json!({ "email": "kim@example.com", "username": "kimalo" })).await;
    assert_eq!((&both.body["username"], &both.body["email"]), (&json!("kimalo"), &json!("kim@example.com")));
    assert_eq!(site.get(&kim, "/v1/me").await.body, both.body);
    assert_eq!(site.patch(&kim, "/v1/me", json!({})).await.body["username"], "kimalo");
    assert_eq!(site.patch(&kim, "/v1/me", json!({ "username": null })).await.body["username"], Value::Null);
    site.patch(&kim, "/v1/me", json!({ "email": null })).await.is_problem(400, "invalid_request");
    site.login("kim@example.com").await;
    site.try_login("kim", PASSWORD).await.is_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_name_of_someone_else_is_taken_and_the_own_one_in_another_case_is_not() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.signup("lee").await;
    site.patch(&kim, "/v1/me", json!({ "username": "LEE" })).await.is_problem(409, "account_exists");
    assert_eq!(site.patch(&kim, "/v1/me", json!({ "username": "KIM" })).await.body["username"], "KIM");
    site.patch(&kim, "/v1/me", json!({ "username": "a b" })).await.is_invalid_at("/username");
}

#[tokio::test]
async fn a_user_gives_oneself_no_role() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for (name, value) in [
        ("roles", json!(["admin"])),
        ("attributes", json!({ "team": "a" })),
        ("email_verified", json!(true)),
        ("status", json!("active")),
        ("password", json!(OTHER_PASSWORD)),
        ("id", json!("another")),
    ] {
        site.patch(&kim, "/v1/me", json!({ name: value })).await.is_invalid_at(&format!("/{name}"));
    }
    assert_eq!(site.get(&kim, "/v1/me").await.body["roles"], json!([]));
}

#[tokio::test]
async fn a_user_deletes_the_own_account_with_the_password_alone() {
    let site = Site::new().await;
    let (kim, other, lee) = (site.signup("kim").await, site.login("kim").await, site.signup("lee").await);
    let id = site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    delete(&site, &kim, OTHER_PASSWORD).await.is_problem(401, "invalid_credentials");
    site.delete(&kim, "/v1/me").await.is_problem(400, "invalid_request");
    site.accepts(&kim).await;
    delete(&site, &kim, PASSWORD).await.is_done();
    site.has_ended(&kim, "disabled").await;
    site.has_ended(&other, "disabled").await;
    site.accepts(&lee).await;
    site.try_login("kim", PASSWORD).await.is_problem(401, "invalid_credentials");
    assert_eq!(site.revoked(RevocationKind::Sub).await, [id]);
    let mut ended = site.revoked(RevocationKind::Sid).await;
    let mut expected = [kim.session, other.session];
    ended.sort();
    expected.sort();
    assert_eq!(ended, expected);
    // The name is free again, and the new account is another one.
    site.signup("kim").await;
}
