//! Bad requests: a clear answer, and nothing lost.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokenry::config::Secret;

use crate::app::harness::{ADMIN_TOKEN, Anonymous, Answer, Holder, PASSWORD, Site};

async fn send(site: &Site, path: &str, kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    site.send(request.body(body.into()).unwrap()).await
}

async fn send_json(site: &Site, path: &str, body: impl Into<Body>) -> Answer {
    send(site, path, Some("application/json"), body).await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let site = Site::new().await;
    for path in ["/v1/signup", "/v1/login", "/v1/refresh"] {
        for body in ["", " ", "not json", "[]", "null", "\"text\"", "{", "{\"a\":1,}", "{} trailing", "\u{feff}{}"] {
            send_json(&site, path, body).await.is_problem(400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_refused() {
    let site = Site::new().await;
    let latin = b"{\"identifier\":\"k\xefm\",\"password\":\"a\"}".to_vec();
    send_json(&site, "/v1/login", latin).await.is_problem(400, "invalid_request");
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    send_json(&site, "/v1/login", utf16).await.is_problem(400, "invalid_request");
    let lone = r#"{"identifier":"kim","password":"\ud800"}"#;
    send_json(&site, "/v1/login", lone).await.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_body_that_is_too_deep_is_refused() {
    let site = Site::new().await;
    for depth in [17, 1000, 30_000] {
        let lists = format!(r#"{{"identifier":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        send_json(&site, "/v1/login", lists).await.is_problem(400, "invalid_request");
        let open = "[".repeat(depth);
        send_json(&site, "/v1/login", open).await.is_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn unknown_duplicate_missing_and_mistyped_members_are_named() {
    let site = Site::new().await;
    for (body, pointer) in [
        (r#"{"identifier":"kim","password":"a","extra":true}"#, "/extra"),
        (r#"{"identifier":"kim","password":1}"#, "/password"),
        (r#"{"identifier":["kim"],"password":"a"}"#, "/identifier"),
        (r#"{"identifier":null,"password":"a"}"#, "/identifier"),
    ] {
        send_json(&site, "/v1/login", body).await.is_invalid_at(pointer);
    }
    for body in [
        r#"{"identifier":"kim","password":"a","password":"b"}"#,
        r#"{"identifier":"kim","password":"a","p\u0061ssword":"a"}"#,
        r#"{"identifier":"kim"}"#,
        r#"{"Identifier":"kim","password":"a"}"#,
    ] {
        send_json(&site, "/v1/login", body).await.is_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_refusal_does_not_repeat_a_secret() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for (path, body) in [
        ("/v1/login", json!({ "identifier": PASSWORD, "password": PASSWORD })),
        ("/v1/login", json!({ "identifier": "kim", "password": [PASSWORD] })),
        ("/v1/refresh", json!({ "refresh_token": PASSWORD })),
        ("/v1/signup", json!({ "username": "kim", "password": PASSWORD })),
    ] {
        let answer = site.post(&Anonymous, path, body).await;
        assert!(answer.status >= 400);
        assert!(!format!("{answer:?}").contains(PASSWORD), "{answer:?}");
    }
    let answer = site.post(&Anonymous, "/v1/refresh", json!({ "refresh_token": kim.access })).await;
    assert!(!format!("{answer:?}").contains(&kim.access));
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let site = Site::new().await;
    site.signup("kim").await;
    let body = || json!({ "identifier": "kim", "password": PASSWORD }).to_string();
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")] {
        send(&site, "/v1/login", kind, body()).await.is_problem(400, "invalid_request");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(send(&site, "/v1/login", Some(kind), body()).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_too_large() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let huge = "a".repeat(1 << 20);
    site.try_login("kim", &huge).await.is_problem(413, "too_large");
    let signup = json!({ "username": "lee", "password": huge });
    site.post(&Anonymous, "/v1/signup", signup).await.is_problem(413, "too_large");
    let change = json!({ "current_password": PASSWORD, "new_password": huge });
    site.post(&kim, "/v1/password", change).await.is_problem(413, "too_large");
    site.accepts(&kim).await;
}

#[tokio::test]
async fn a_token_of_a_megabyte_is_refused_wherever_it_stands() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let huge = format!("{}{}", "a".repeat(1 << 20), kim.access);
    site.refresh(&huge).await.is_problem(413, "too_large");
    site.refresh_pair(&kim.refresh, &huge).await.is_problem(413, "too_large");
    site.get(&Holder(&huge), "/v1/me").await.is_problem(401, "token_invalid");
    site.logout(&Holder(&huge)).await.is_problem(401, "token_invalid");
    site.post(&Holder(&huge), "/v1/introspect", json!({ "token": kim.access })).await.is_problem(401, "token_invalid");
    // Below the bound of a body, the bound of a token.
    let long = "a".repeat(60_000);
    site.refresh(&long).await.is_problem(401, "refresh_invalid");
    site.refresh_pair(&kim.refresh, &long).await.is_problem(401, "token_mismatch");
    site.accepts(&kim).await;
    assert_eq!(site.row(&kim).await.version, 0);
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_no_byte_more() {
    let site = Site::new().await;
    site.signup("kim").await;
    let body = json!({ "identifier": "kim", "password": PASSWORD }).to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert_eq!(send_json(&site, "/v1/login", padded(64 << 10)).await.status, 200);
    send_json(&site, "/v1/login", padded((64 << 10) + 1)).await.is_problem(413, "too_large");
    // Also where no one reads it, and beyond what is read and thrown away.
    send_json(&site, "/nowhere", padded(9 << 20)).await.is_problem(413, "too_large");
}

#[tokio::test]
async fn a_wrong_path_and_a_wrong_method_are_problems() {
    let site = Site::new().await;
    for path in ["/nowhere", "/v1", "/v1/me/", "/V1/me", "/v1//me", "/v1/../v1/me", "/v1/admin/users/a/b"] {
        site.get(&Anonymous, path).await.is_problem(404, "not_found");
    }
    for no_text in ["/social/%ff", "/social/%ff/callback", "/assets/%ff/style.css"] {
        site.get(&Anonymous, no_text).await.is_problem(404, "not_found");
    }
    let kim = site.signup("kim").await;
    site.delete(&kim, "/v1/sessions/%ff").await.is_problem(404, "not_found");
    for (method, path) in [(Method::PUT, "/v1/me"), (Method::GET, "/v1/login"), (Method::DELETE, "/healthz")] {
        let answer = site.call(&Anonymous, method, path, None).await;
        answer.is_problem(405, "invalid_request");
        assert!(!answer.header("allow").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn each_answer_has_a_request_id_of_its_own() {
    let site = Site::new().await;
    let one = site.get(&Anonymous, "/v1/me").await;
    let two = site.get(&Anonymous, "/v1/me").await;
    assert_ne!(one.body["request_id"], two.body["request_id"]);
}

#[tokio::test]
async fn no_secret_stands_in_the_debug_text_of_a_configuration() {
    let config = tokenry::Config {
        admin: tokenry::config::Admin { token: Some(Secret::from(ADMIN_TOKEN.to_owned())) },
        introspect: tokenry::config::Introspect { token: Some(Secret::from("introspection-secret".to_owned())) },
        master_key: Some(Secret::from("B".repeat(43))),
        ..tokenry::Config::default()
    };
    for text in [format!("{config:?}"), format!("{config:#?}"), serde_json::to_string(&config).unwrap()] {
        for secret in [ADMIN_TOKEN, "introspection-secret", "BBBB"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
