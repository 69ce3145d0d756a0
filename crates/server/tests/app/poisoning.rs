//! `Host` and its like, sent with every request that causes a mail: links lead to the configured issuer.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use serde_json::{Value, json};

use crate::app::harness::{LoggedIn, PASSWORD, Site};

const KIM: &str = "kim@example.com";

/// A request as an attacker would have it.
fn poisoned(method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-server", "evil.example")
        .header("x-original-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=https")
        .header("origin", "http://evil.example")
        .header("referer", "http://evil.example/")
        .header("user-agent", "https://evil.example/ <a href=https://evil.example>")
}

async fn call(site: &Site, method: &str, path: &str, user: Option<&LoggedIn>, body: Value) -> Value {
    let mut request = poisoned(method, path);
    if let Some(user) = user {
        request = request.header("authorization", format!("Bearer {}", user.access));
    }
    let answer = site.send_json(request, &body).await;
    assert!(answer.status < 300 || answer.status == 401, "{method} {path}: {answer:?}");
    answer.body
}

async fn form(site: &Site, path: &str, fields: &str) {
    let request = poisoned("POST", path).header("content-type", "application/x-www-form-urlencoded");
    let answer = site.send(request.body(Body::from(fields.to_owned())).unwrap()).await;
    assert!(answer.status < 400, "{path}: {answer:?}");
}

/// That so many mails were sent by now, and all of them lead here.
async fn lead_here(site: &Site, count: usize, what: &str) {
    let mails = site.mails().await;
    assert_eq!(mails.len(), count, "{what}");
    for mail in &mails {
        assert!(mail.link.starts_with("http://127.0.0.1:7519/"), "{what}: {mail:?}");
        // What a device calls itself is told, and is no link.
        assert!(!mail.text.contains("evil.example") && !mail.text.contains("https://"), "{what}: {mail:?}");
    }
}

#[tokio::test]
async fn no_header_of_any_call_leads_a_link_elsewhere() {
    let site = Site::new().await;
    let body = json!({ "email": KIM, "password": PASSWORD });
    call(&site, "POST", "/v1/signup", None, body).await;
    lead_here(&site, 1, "sign-up").await;
    let kim = site.login(KIM).await;
    call(&site, "POST", "/v1/email/verification", Some(&kim), json!({})).await;
    lead_here(&site, 2, "verification").await;
    let token = site.mails().await[0].token().to_owned();
    call(&site, "POST", "/v1/email/verification/confirm", Some(&kim), json!({ "token": token })).await;
    let body = json!({ "new_email": "new@example.com", "current_password": PASSWORD });
    call(&site, "POST", "/v1/email/change", Some(&kim), body).await;
    lead_here(&site, 3, "change of address").await;
    call(&site, "POST", "/v1/login/link", None, json!({ "email": KIM })).await;
    lead_here(&site, 4, "log-in link").await;
    let body = json!({ "identifier": KIM, "password": PASSWORD });
    let pair = call(&site, "POST", "/v1/login", None, body).await;
    lead_here(&site, 5, "new device").await;
    let refresh = |token: &Value| json!({ "refresh_token": token });
    let next = call(&site, "POST", "/v1/refresh", None, refresh(&pair["refresh_token"])).await;
    call(&site, "POST", "/v1/refresh", None, refresh(&next["refresh_token"])).await;
    site.pass(60);
    call(&site, "POST", "/v1/refresh", None, refresh(&pair["refresh_token"])).await;
    lead_here(&site, 6, "stolen session").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "seven purple tractors" });
    call(&site, "POST", "/v1/password", Some(&kim), body).await;
    lead_here(&site, 7, "changed password").await;
    let token = site.mails().await[0].token().to_owned();
    call(&site, "POST", "/v1/not-me", None, json!({ "token": token })).await;
    lead_here(&site, 8, "not me").await;
    call(&site, "POST", "/v1/password/reset", None, json!({ "email": KIM })).await;
    lead_here(&site, 9, "reset").await;
    let token = site.mails().await[0].token().to_owned();
    let body = json!({ "token": token, "new_password": "nine yellow lorries" });
    call(&site, "POST", "/v1/password/reset/confirm", None, body).await;
    lead_here(&site, 10, "reset done").await;
}

#[tokio::test]
async fn no_header_of_any_form_leads_a_link_elsewhere() {
    let site = Site::new().await;
    form(&site, "/signup", "username=&email=kim@example.com&password=correct+horse+battery").await;
    lead_here(&site, 1, "sign-up").await;
    form(&site, "/password/forgot", "email=kim@example.com").await;
    lead_here(&site, 2, "forgotten password").await;
    form(&site, "/login/mail", "email=kim@example.com").await;
    lead_here(&site, 3, "log-in link").await;
}
