//! `POST /v1/introspect` (RFC 7662).

use axum::http::Request;
use serde_json::{Value, json};
use tokenry::config::Secret;

use crate::app::harness::{Admin, Anonymous, Caller, Holder, Site};

const SERVICE: Holder<'static> = Holder("the-token-of-the-services");

async fn site() -> Site {
    Site::with(|config| config.introspect.token = Some(Secret::from(SERVICE.0.to_owned()))).await
}

/// Asks with a form, as RFC 7662 section 2.1 has it.
async fn ask(site: &Site, who: &impl Caller, token: &str) -> Value {
    let request = Request::post("/v1/introspect")
        .header("authorization", format!("Bearer {}", who.bearer().unwrap()))
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let form = format!("token={token}&token_type_hint=access_token");
    let answer = site.send(request.body(form.into()).unwrap()).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    answer.body
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn a_service_learns_what_a_token_says_by_form_and_by_json() {
    let site = site().await;
    let kim = site.signup("kim").await;
    let id = site.get(&kim, "/v1/me").await.body["id"].clone();
    let access = ask(&site, &SERVICE, &kim.access).await;
    assert_eq!((&access["active"], &access["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!((&access["sub"], &access["username"]), (&id, &json!("kim")));
    assert_eq!((&access["sid"], &access["iss"]), (&json!(kim.session), &json!("http://127.0.0.1:7519")));
    assert_eq!(site.post(&SERVICE, "/v1/introspect", json!({ "token": kim.access })).await.body, access);
    let refresh = ask(&site, &SERVICE, &kim.refresh).await;
    assert_eq!((&refresh["active"], &refresh["sid"]), (&json!(true), &json!(kim.session)));
    assert_eq!(refresh["token_type"], "refresh_token");
    // Asking is not using.
    assert_eq!(site.row(&kim).await.version, 0);
}

#[tokio::test]
async fn a_session_asks_about_its_own_tokens_alone() {
    let site = Site::new().await;
    let (kim, other, lee) = (site.signup("kim").await, site.login("kim").await, site.signup("lee").await);
    assert_eq!(ask(&site, &kim, &kim.access).await["active"], true);
    assert_eq!(ask(&site, &kim, &kim.refresh).await["active"], true);
    for token in [&other.access, &other.refresh, &lee.access, &lee.refresh] {
        assert_eq!(ask(&site, &kim, token).await, inactive());
    }
}

#[tokio::test]
async fn what_can_not_be_used_is_inactive_and_says_no_more() {
    let site = site().await;
    let kim = site.signup("kim").await;
    let mut altered = kim.access.clone();
    altered.replace_range(..1, "f");
    for token in ["", "nonsense", SERVICE.0, &altered] {
        assert_eq!(ask(&site, &SERVICE, token).await, inactive());
    }
    let second = site.refresh(&kim.refresh).await.pair();
    assert_eq!(ask(&site, &SERVICE, &second.refresh).await["active"], true);
    let third = site.refresh(&second.refresh).await.pair();
    assert_eq!(ask(&site, &SERVICE, &kim.refresh).await, inactive());
    site.pass(3600);
    assert_eq!(ask(&site, &SERVICE, &third.access).await, inactive());
    site.pass(14 * 86_400 - 3600);
    assert_eq!(ask(&site, &SERVICE, &third.refresh).await, inactive());
    site.pass(-14 * 86_400);
    assert_eq!(ask(&site, &SERVICE, &third.access).await["active"], true);
    site.logout(&third).await.is_done();
    assert_eq!(ask(&site, &SERVICE, &third.access).await, inactive());
    assert_eq!(ask(&site, &SERVICE, &third.refresh).await, inactive());
}

#[tokio::test]
async fn no_one_else_asks() {
    let site = site().await;
    let kim = site.signup("kim").await;
    let body = json!({ "token": kim.access });
    site.post(&Anonymous, "/v1/introspect", body.clone()).await.is_problem(401, "token_missing");
    for token in ["nonsense", kim.refresh.as_str(), &SERVICE.0[1..]] {
        site.post(&Holder(token), "/v1/introspect", body.clone()).await.is_problem(401, "token_invalid");
    }
    site.post(&Admin, "/v1/introspect", body.clone()).await.is_problem(401, "token_invalid");
    site.logout(&kim).await.is_done();
    site.post(&kim, "/v1/introspect", body).await.is_problem(401, "token_revoked");
}

#[tokio::test]
async fn a_bad_question_is_refused() {
    let site = site().await;
    for (kind, body) in [
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "token=a&token=b"),
        ("application/x-www-form-urlencoded", "token=a&other=b"),
        ("application/json", "{}"),
        ("application/json", r#"{"token":"a","token":"b"}"#),
        ("text/plain", "token=a"),
        ("", "token=a"),
    ] {
        let request = Request::post("/v1/introspect")
            .header("authorization", format!("Bearer {}", SERVICE.0))
            .header("content-type", kind);
        let answer = site.send(request.body(body.into()).unwrap()).await;
        answer.is_problem(400, "invalid_request");
    }
}
