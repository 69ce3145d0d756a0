//! `/v1/admin/users`.

use serde_json::{Value, json};
use tokenry_domain::audit::{Actor, AuditKind};
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{ADMIN_TOKEN, Admin, Anonymous, Holder, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

const USERS: &str = "/v1/admin/users";

/// Signs a user up, and tells the path of the account.
async fn user(site: &Site, name: &str) -> (LoggedIn, String) {
    let pair = site.signup(name).await;
    let id = site.get(&pair, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    (pair, format!("{USERS}/{id}"))
}

#[tokio::test]
async fn an_administrator_makes_an_account() {
    let site = Site::new().await;
    let body = json!({
        "username": "kim", "email": "kim@example.com", "password": PASSWORD,
        "roles": ["staff", "admin"], "attributes": { "team": "a", "deep": { "list": [1, null] } },
    });
    let made = site.post(&Admin, USERS, body).await;
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{made:?}");
    assert_eq!(made.body["roles"], json!(["admin", "staff"]));
    assert_eq!(made.body["attributes"], json!({ "team": "a", "deep": { "list": [1, null] } }));
    assert!(!made.body.to_string().contains("argon2"));
    let path = format!("{USERS}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(site.get(&Admin, &path).await.body, made.body);
    let kim = site.login("kim@example.com").await;
    assert_eq!(site.get(&kim, "/v1/me").await.body, made.body);
    assert_eq!(site.audit(AuditKind::UserCreated).await[0].event.actor, Actor::Admin);
}

#[tokio::test]
async fn a_bad_account_is_refused_and_its_member_named() {
    let site = Site::new().await;
    user(&site, "kim").await;
    site.post(&Admin, USERS, json!({ "username": "KIM" })).await.is_problem(409, "account_exists");
    site.post(&Admin, USERS, json!({})).await.is_problem(400, "invalid_request");
    let with = |name: &str, value: Value| json!({ "username": "lee", name: value });
    site.post(&Admin, USERS, with("password", "short".into())).await.is_problem(422, "weak_password");
    site.post(&Admin, USERS, with("password", "a".repeat(2000).into())).await.is_invalid_at("/password");
    site.post(&Admin, USERS, with("roles", json!(["a", "two words"]))).await.is_invalid_at("/roles/1");
    site.post(&Admin, USERS, with("roles", json!("admin"))).await.is_invalid_at("/roles");
    site.post(&Admin, USERS, with("roles", json!(["a,b"]))).await.is_invalid_at("/roles/0");
    site.post(&Admin, USERS, with("attributes", json!({ "": 1 }))).await.is_invalid_at("/attributes");
    site.post(&Admin, USERS, with("attributes", json!({ "a": "x".repeat(60_000) }))).await.is_invalid_at("/attributes");
    site.post(&Admin, USERS, with("id", "mine".into())).await.is_invalid_at("/id");
    assert_eq!(site.get(&Admin, USERS).await.body["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn attributes_are_merged_and_null_removes_one() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    let patch = async |body: Value| site.patch(&Admin, &path, body).await.body;
    patch(json!({ "attributes": { "team": "a", "level": 1, "tags": ["x"] } })).await;
    let changed = patch(json!({ "attributes": { "team": "b", "level": null, "absent": null } })).await;
    assert_eq!(changed["attributes"], json!({ "team": "b", "tags": ["x"] }));
    assert_eq!(patch(json!({ "roles": ["staff"] })).await["attributes"], changed["attributes"]);
    assert_eq!(patch(json!({ "roles": ["admin"] })).await["roles"], json!(["admin"]));
    // An access token says what held when it was made.
    let verified = site.get(&kim, "/v1/verify").await;
    assert_eq!(verified.header("tokenry-roles"), "");
    let kim = site.refresh(&kim.refresh).await.pair();
    assert_eq!(site.get(&kim, "/v1/verify").await.header("tokenry-roles"), "admin");
}

#[tokio::test]
async fn names_and_the_verified_mark_are_changed() {
    let site = Site::new().await;
    let (_, path) = user(&site, "kim").await;
    let patch = async |body: Value| site.patch(&Admin, &path, body).await;
    // Without an address there is nothing to verify.
    assert_eq!(patch(json!({ "email_verified": true })).await.body["email_verified"], false);
    let both = patch(json!({ "email": "kim@example.com", "email_verified": true })).await;
    assert_eq!(both.body["email_verified"], true);
    assert_eq!(patch(json!({ "email": "Kim@example.com" })).await.body["email_verified"], true);
    assert_eq!(patch(json!({ "email": "other@example.com" })).await.body["email_verified"], false);
    assert_eq!(patch(json!({ "username": null })).await.body["username"], Value::Null);
    patch(json!({ "email": null })).await.is_problem(400, "invalid_request");
    patch(json!({ "status": "asleep" })).await.is_invalid_at("/status");
    site.login("other@example.com").await;
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    assert_eq!(site.patch(&Admin, &path, json!({ "password": OTHER_PASSWORD })).await.status, 200);
    site.has_ended(&kim, "password").await;
    site.try_login("kim", PASSWORD).await.is_problem(401, "invalid_credentials");
    assert_eq!(site.try_login("kim", OTHER_PASSWORD).await.status, 200);
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session]);
}

#[tokio::test]
async fn disabling_ends_all_sessions_and_enabling_revives_none() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    assert_eq!(site.patch(&Admin, &path, json!({ "status": "disabled" })).await.body["status"], "disabled");
    site.has_ended(&kim, "disabled").await;
    site.try_login("kim", PASSWORD).await.is_problem(401, "invalid_credentials");
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session.as_str()]);
    assert_eq!(site.revoked(RevocationKind::Sub).await, [path.rsplit('/').next().unwrap()]);
    assert_eq!(site.patch(&Admin, &path, json!({ "status": "active" })).await.status, 200);
    site.has_ended(&kim, "disabled").await;
    let again = site.login("kim").await;
    site.accepts(&again).await;
    assert_eq!(site.audit(AuditKind::UserDisabled).await.len(), 1);
    assert_eq!(site.audit(AuditKind::UserEnabled).await.len(), 1);
}

#[tokio::test]
async fn deleting_ends_all_sessions_and_frees_the_name() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    site.delete(&Admin, &path).await.is_done();
    site.has_ended(&kim, "disabled").await;
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session]);
    for answer in [
        site.get(&Admin, &path).await,
        site.delete(&Admin, &path).await,
        site.patch(&Admin, &path, json!({ "roles": [] })).await,
        site.get(&Admin, &format!("{path}/sessions")).await,
        site.delete(&Admin, &format!("{path}/sessions")).await,
        site.get(&Admin, "/v1/admin/users/nonsense").await,
    ] {
        answer.is_problem(404, "not_found");
    }
    site.signup("kim").await;
}

#[tokio::test]
async fn sessions_of_a_user_are_listed_and_ended() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    let (lee, _) = user(&site, "lee").await;
    let other = site.login("kim").await;
    let path = format!("{path}/sessions");
    let listed = site.get(&Admin, &path).await.body["sessions"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|session| session["current"] == false));
    site.delete(&Admin, &path).await.is_done();
    site.has_ended(&kim, "admin").await;
    site.has_ended(&other, "admin").await;
    site.accepts(&lee).await;
    assert_eq!(site.revoked(RevocationKind::Sid).await.len(), 2);
    assert_eq!(site.get(&Admin, &path).await.body["sessions"], json!([]));
    site.login("kim").await;
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() {
    let site = Site::new().await;
    for number in 0..7 {
        site.signup(&format!("kim{number}")).await;
    }
    site.signup("lee").await;
    let mut seen = Vec::new();
    let mut path = format!("{USERS}?limit=3&contains=KIM");
    loop {
        let page = site.get(&Admin, &path).await.body;
        seen.extend(page["users"].as_array().unwrap().iter().map(|user| user["username"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{USERS}?limit=3&contains=KIM&after={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert_eq!(site.get(&Admin, USERS).await.body["users"].as_array().unwrap().len(), 8);
    for query in ["limit=0", "limit=1001", "limit=x", "after=nonsense", "other=1"] {
        site.get(&Admin, &format!("{USERS}?{query}")).await.is_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn only_the_admin_token_opens_the_admin_calls() {
    let site = Site::new().await;
    let (kim, path) = user(&site, "kim").await;
    site.patch(&Admin, &path, json!({ "roles": ["admin"] })).await;
    let kim = site.refresh(&kim.refresh).await.pair();
    site.get(&Anonymous, USERS).await.is_problem(401, "token_missing");
    let longer = format!("{ADMIN_TOKEN}x");
    for token in [&kim.access, &kim.refresh, &longer, &ADMIN_TOKEN[1..], &ADMIN_TOKEN.to_uppercase()] {
        site.get(&Holder(token), USERS).await.is_problem(401, "token_invalid");
        site.delete(&Holder(token), &path).await.is_problem(401, "token_invalid");
    }
    // Nor does it open a user's.
    site.get(&Admin, "/v1/me").await.is_problem(401, "token_invalid");
}

#[tokio::test]
async fn without_an_admin_token_the_admin_calls_are_off() {
    let site = Site::with(|config| config.admin.token = None).await;
    let (kim, path) = user(&site, "kim").await;
    site.get(&Anonymous, USERS).await.is_problem(403, "forbidden");
    site.get(&Admin, USERS).await.is_problem(403, "forbidden");
    site.get(&kim, &path).await.is_problem(403, "forbidden");
    site.delete(&Admin, &path).await.is_problem(403, "forbidden");
    site.accepts(&kim).await;
}
