use axum::http::{Method, Request};
use serde_json::{Value, json};
use tokenry_jwt::{Algorithm, SigningKey};

use crate::harness::{PASSWORD, Site};

#[tokio::test]
async fn an_access_token_is_no_refresh_token_and_the_other_way_round() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.access, None).await.is_problem(401, "refresh_invalid");
    site.get("/v1/me", &kim.refresh).await.is_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_tampered_token_is_refused_wherever_it_was_touched() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for token in [&kim.access, &kim.refresh] {
        for at in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            site.get("/v1/me", &altered).await.is_problem(401, "token_invalid");
            site.refresh(&altered, None).await.is_problem(401, "refresh_invalid");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_key_issuer_or_audience_is_refused() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let real = tokenry_jwt::Unverified::parse(&kim.access).unwrap();
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let kid = real.insecure_header()["kid"].as_str().unwrap();
    let forged = key.with_key_id(kid).sign("at+jwt", real.insecure_claims()).unwrap();
    site.get("/v1/me", &forged).await.is_problem(401, "token_invalid");
    let jwks = site.get("/.well-known/jwks.json", "x").await.body;
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let confused = SigningKey::from_secret(Algorithm::Hs256, public.as_bytes()).unwrap();
    let confused = confused.with_key_id(kid).sign("at+jwt", real.insecure_claims()).unwrap();
    site.get("/v1/me", &confused).await.is_problem(401, "token_invalid");
}

#[tokio::test]
async fn none_is_no_algorithm_in_any_spelling() {
    use base64::Engine;
    let encode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let claims = kim.access.split('.').nth(1).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encode(&json!({ "alg": alg, "typ": "at+jwt" }).to_string());
        for signature in ["", "AA"] {
            site.get("/v1/me", &format!("{header}.{claims}.{signature}")).await.is_problem(401, "token_invalid");
        }
    }
}

#[tokio::test]
async fn bad_bearer_headers_are_refused() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for value in ["", "Bearer", "Bearer ", "Basic a2lt", "Bearer a b", "Token x"] {
        let request = Request::get("/v1/me").header("authorization", value).body(axum::body::Body::empty()).unwrap();
        site.send(request).await.is_problem(401, "token_invalid");
    }
    let doubled = Request::get("/v1/me")
        .header("authorization", format!("Bearer {}", kim.access))
        .header("authorization", format!("Bearer {}", kim.access));
    site.send(doubled.body(axum::body::Body::empty()).unwrap()).await.is_problem(401, "token_invalid");
    let missing = site.call(Method::GET, &format!("/v1/me?access_token={}", kim.access), None, None).await;
    missing.is_problem(401, "token_missing");
    assert!(!missing.headers["www-authenticate"].to_str().unwrap().contains("error"));
    let huge = site.get("/v1/me", &"a".repeat(1 << 20)).await;
    huge.is_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_body_has_one_reading() {
    let site = Site::new().await;
    let deep = format!(r#"{{"identifier":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "",
        "not json",
        "[]",
        r#"{"identifier":"kim"}"#,
        r#"{"identifier":"kim","password":1}"#,
        r#"{"identifier":"kim","password":"a","password":"b"}"#,
        r#"{"identifier":"kim","password":"a","extra":true}"#,
        r#"{"identifier":"kim","password":"\ud800"}"#,
        r#"{"identifier":"kim","password":"a"} trailing"#,
        &deep,
    ] {
        let request = Request::post("/v1/login").header("content-type", "application/json");
        site.send(request.body(body.to_owned().into()).unwrap()).await.is_problem(400, "invalid_request");
    }
    let request = Request::post("/v1/login").header("content-type", "application/json");
    let body = b"{\"identifier\":\"\xff\",\"password\":\"a\"}".to_vec();
    site.send(request.body(body.into()).unwrap()).await.is_problem(400, "invalid_request");
    let form = Request::post("/v1/login").header("content-type", "application/x-www-form-urlencoded");
    site.send(form.body("identifier=kim".into()).unwrap()).await.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_password_or_a_token_of_a_megabyte_is_too_large() {
    let site = Site::new().await;
    let huge = "a".repeat(1 << 20);
    let signup = site.post("/v1/signup", json!({ "username": "kim", "password": huge })).await;
    signup.is_problem(413, "too_large");
    site.refresh(&huge, None).await.is_problem(413, "too_large");
    let long = site.post("/v1/signup", json!({ "username": "kim", "password": "ab1!".repeat(257) })).await;
    long.is_problem(400, "invalid_request");
    assert_eq!(long.body["errors"][0]["pointer"], "/password");
}

#[tokio::test]
async fn an_unknown_user_is_answered_like_a_wrong_password() {
    let site = Site::new().await;
    site.signup("kim").await;
    let answer = async |identifier: &str| {
        let body = json!({ "identifier": identifier, "password": "wrong horse battery" });
        let mut answer = site.post("/v1/login", body).await;
        answer.is_problem(401, "invalid_credentials");
        answer.body.as_object_mut().unwrap().remove("request_id");
        answer.body
    };
    let wrong = answer("kim").await;
    for identifier in ["nobody", "nobody@example.com", "", "\u{202e}", "a b"] {
        assert_eq!(answer(identifier).await, wrong);
    }
}

#[tokio::test]
async fn guesses_are_throttled() {
    let site = Site::with(|config| config.rate_limit.enabled = true).await;
    site.signup("kim").await;
    let wrong = json!({ "identifier": "KIM", "password": "wrong horse battery" });
    for _ in 0..10 {
        site.post("/v1/login", wrong.clone()).await.is_problem(401, "invalid_credentials");
    }
    let limited = site.post("/v1/login", json!({ "identifier": "kim", "password": PASSWORD })).await;
    limited.is_problem(429, "rate_limited");
    assert!(limited.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 10);
}

#[tokio::test]
async fn fifty_parallel_signups_of_one_name_make_one_account() {
    let site = std::sync::Arc::new(Site::new().await);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..50 {
        let site = std::sync::Arc::clone(&site);
        let name = if number % 2 == 0 { "Straße" } else { "STRASSE" };
        requests.spawn(async move { site.post("/v1/signup", json!({ "username": name, "password": PASSWORD })).await });
    }
    let answers = requests.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.is_problem(409, "account_exists");
    }
}

#[tokio::test]
async fn a_full_disk_is_answered_503_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let open = async |max_pages| Site::in_directory(directory.path(), max_pages).await;
    let site = open(None).await;
    let kim = site.signup("kim").await;
    drop(site);
    let site = open(Some(1)).await;
    let mut refused = site.refresh(&kim.refresh, None).await;
    let mut newest = kim.refresh.clone();
    // Free space inside the file is used up first.
    for number in 0..500 {
        if refused.status == 503 {
            break;
        }
        newest = refused.session().refresh;
        let body = json!({ "username": format!("user{number}"), "password": PASSWORD });
        site.post("/v1/signup", body).await;
        refused = site.refresh(&newest, None).await;
    }
    if refused.status == 503 {
        refused.is_problem(503, "unavailable");
        assert!(refused.headers.contains_key("retry-after"));
    }
    let full = site.post("/v1/signup", json!({ "username": "one-more", "password": PASSWORD })).await;
    full.is_problem(503, "unavailable");
    drop(site);
    let site = open(None).await;
    assert_eq!(site.refresh(&newest, None).await.status, 200);
    assert_eq!(site.post("/v1/signup", json!({ "username": "one-more", "password": PASSWORD })).await.status, 201);
}

#[tokio::test]
async fn a_client_that_lies_about_its_address_is_not_believed() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let request = Request::post("/v1/refresh")
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9");
    let body = json!({ "refresh_token": kim.refresh }).to_string();
    let kim = site.send(request.body(body.into()).unwrap()).await.session();
    let sessions = site.get("/v1/sessions", &kim.access).await.body;
    assert_eq!(sessions["sessions"][0]["address"], Value::from("192.0.2.1"));
}
