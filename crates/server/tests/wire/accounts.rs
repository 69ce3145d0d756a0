use axum::http::Method;
use serde_json::{Value, json};
use tokenry::config::List;

use crate::harness::{ADMIN, PASSWORD, Site};

#[tokio::test]
async fn two_accounts_can_not_differ_in_case_or_unicode_form_alone() {
    let site = Site::new().await;
    site.signup("Straße").await;
    for name in ["straße", "STRASSE", "ｓtraße"] {
        let answer = site.post("/v1/signup", json!({ "username": name, "password": PASSWORD })).await;
        answer.is_problem(409, "account_exists");
    }
    let email = json!({ "email": "Kim@Example.com", "password": PASSWORD });
    assert_eq!(site.post("/v1/signup", email).await.status, 201);
    let again = json!({ "username": "kim", "email": "kim@example.COM", "password": PASSWORD });
    site.post("/v1/signup", again).await.is_problem(409, "account_exists");
    site.login("KIM@example.com").await;
    site.login("strasse").await;
}

#[tokio::test]
async fn a_weak_password_is_refused_with_advice() {
    let site = Site::new().await;
    for password in ["short", "password", "kimalo12"] {
        let answer = site.post("/v1/signup", json!({ "username": "kimalo", "password": password })).await;
        answer.is_problem(422, "weak_password");
    }
}

#[tokio::test]
async fn sign_up_can_be_closed_or_limited_to_domains() {
    let mode = |text: &str| List(vec![text.to_owned()]);
    let closed = Site::with(|config| config.signup.mode = mode("closed")).await;
    let kim = json!({ "username": "kim", "password": PASSWORD });
    closed.post("/v1/signup", kim.clone()).await.is_problem(403, "forbidden");
    let limited = Site::with(|config| config.signup.mode = mode("example.com")).await;
    limited.post("/v1/signup", kim).await.is_problem(400, "invalid_request");
    let other = json!({ "email": "kim@other.example", "password": PASSWORD });
    limited.post("/v1/signup", other).await.is_problem(403, "forbidden");
    let own = json!({ "email": "kim@EXAMPLE.com", "password": PASSWORD });
    assert_eq!(limited.post("/v1/signup", own).await.status, 201);
}

#[tokio::test]
async fn a_user_reads_changes_and_deletes_the_own_account() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let patch = async |body: Value| site.call(Method::PATCH, "/v1/me", Some(&kim.access), Some(body)).await;
    let changed = patch(json!({ "email": "kim@example.com", "username": "kimalo" })).await;
    assert_eq!((&changed.body["username"], &changed.body["email"]), (&json!("kimalo"), &json!("kim@example.com")));
    assert_eq!(patch(json!({ "username": null })).await.body["username"], Value::Null);
    patch(json!({ "email": null })).await.is_problem(400, "invalid_request");
    patch(json!({ "roles": ["admin"] })).await.is_problem(400, "invalid_request");
    site.signup("lee").await;
    patch(json!({ "username": "LEE" })).await.is_problem(409, "account_exists");
    let delete = async |password: &str| {
        let body = json!({ "current_password": password });
        site.call(Method::DELETE, "/v1/me", Some(&kim.access), Some(body)).await
    };
    delete("wrong horse battery").await.is_problem(401, "invalid_credentials");
    assert_eq!(delete(PASSWORD).await.status, 204);
    let gone = site.get("/v1/me", &kim.access).await;
    gone.is_problem(401, "token_revoked");
    assert_eq!(gone.body["reason"], "disabled");
    site.refresh(&kim.refresh, None).await.is_problem(401, "token_revoked");
}

#[tokio::test]
async fn a_password_change_ends_every_other_session() {
    let site = Site::new().await;
    let (kim, other) = (site.signup("kim").await, site.login("kim").await);
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        site.call(Method::POST, "/v1/password", Some(&kim.access), Some(body)).await
    };
    change("wrong horse battery", "new horse battery").await.is_problem(401, "invalid_credentials");
    change(PASSWORD, "12345678").await.is_problem(422, "weak_password");
    assert_eq!(change(PASSWORD, "new horse battery").await.status, 204);
    assert_eq!(site.get("/v1/me", &kim.access).await.status, 200);
    let ended = site.get("/v1/me", &other.access).await;
    ended.is_problem(401, "token_revoked");
    assert_eq!(ended.body["reason"], "password");
    let old = json!({ "identifier": "kim", "password": PASSWORD });
    site.post("/v1/login", old).await.is_problem(401, "invalid_credentials");
    assert_eq!(site.app.authority().store().revocations(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let site = Site::new().await;
    let (one, two, three) = (site.signup("kim").await, site.login("kim").await, site.login("kim").await);
    let stranger = site.signup("lee").await;
    let listed = site.get("/v1/sessions", &one.access).await.body;
    let current: Vec<bool> =
        listed["sessions"].as_array().unwrap().iter().map(|session| session["current"] == true).collect();
    assert_eq!((current.len(), current.iter().filter(|current| **current).count()), (3, 1));
    let end = async |id: &str| site.call(Method::DELETE, &format!("/v1/sessions/{id}"), Some(&one.access), None).await;
    end(&stranger.id).await.is_problem(404, "not_found");
    end("nonsense").await.is_problem(404, "not_found");
    assert_eq!(end(&two.id).await.status, 204);
    site.refresh(&two.refresh, None).await.is_problem(401, "token_revoked");
    assert_eq!(site.call(Method::DELETE, "/v1/sessions", Some(&one.access), None).await.status, 204);
    site.get("/v1/me", &three.access).await.is_problem(401, "token_revoked");
    assert_eq!(site.get("/v1/me", &one.access).await.status, 200);
    assert_eq!(site.get("/v1/me", &stranger.access).await.status, 200);
}

#[tokio::test]
async fn administrators_manage_accounts() {
    let site = Site::new().await;
    let call = async |method: Method, path: &str, body: Option<Value>| site.call(method, path, Some(ADMIN), body).await;
    let body =
        json!({ "username": "kim", "password": PASSWORD, "roles": ["staff"], "attributes": { "team": "a", "x": 1 } });
    let made = call(Method::POST, "/v1/admin/users", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1/admin/users/{}", made.body["id"].as_str().unwrap());
    let session = site.login("kim").await;
    let body = json!({ "roles": ["admin"], "attributes": { "team": "b", "x": null } });
    let changed = call(Method::PATCH, &path, Some(body)).await;
    assert_eq!((&changed.body["roles"], &changed.body["attributes"]), (&json!(["admin"]), &json!({ "team": "b" })));
    let bad = call(Method::PATCH, &path, Some(json!({ "roles": ["two words"] }))).await;
    bad.is_problem(400, "invalid_request");
    assert_eq!(bad.body["errors"][0]["pointer"], "/roles/0");
    assert_eq!(
        call(Method::GET, &format!("{path}/sessions"), None).await.body["sessions"].as_array().unwrap().len(),
        1
    );
    assert_eq!(call(Method::PATCH, &path, Some(json!({ "status": "disabled" }))).await.status, 200);
    let refused = site.get("/v1/me", &session.access).await;
    refused.is_problem(401, "token_revoked");
    assert_eq!(refused.body["reason"], "disabled");
    let login = json!({ "identifier": "kim", "password": PASSWORD });
    site.post("/v1/login", login).await.is_problem(401, "invalid_credentials");
    assert_eq!(call(Method::PATCH, &path, Some(json!({ "status": "active" }))).await.status, 200);
    let session = site.login("kim").await;
    assert_eq!(call(Method::DELETE, &format!("{path}/sessions"), None).await.status, 204);
    assert_eq!(site.refresh(&session.refresh, None).await.body["reason"], "admin");
    site.signup("lee").await;
    let page = call(Method::GET, "/v1/admin/users?limit=1", None).await.body;
    let next = page["next"].as_str().unwrap();
    let rest = call(Method::GET, &format!("/v1/admin/users?limit=1&after={next}"), None).await.body;
    assert_eq!((rest["users"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(call(Method::DELETE, &path, None).await.status, 204);
    call(Method::GET, &path, None).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn the_admin_calls_are_off_without_a_token() {
    let site = Site::with(|config| config.admin.token = None).await;
    site.get("/v1/admin/users", ADMIN).await.is_problem(403, "forbidden");
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.get("/v1/admin/users", &kim.access).await.is_problem(401, "token_invalid");
}
