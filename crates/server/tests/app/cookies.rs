use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tokenry::config::SessionStore;
use tokenry_domain::revocation::RevocationKind;

use super::harness::{Admin, Answer, OTHER_PASSWORD, PASSWORD, Site};

const STORES: [SessionStore; 3] = [SessionStore::Memory, SessionStore::Disk, SessionStore::Database];
const IDLE: i64 = 14 * 86_400;

#[tokio::test]
async fn a_cookie_carries_a_session_wherever_it_is_kept() {
    for store in STORES {
        let site = Site::with(|config| config.session.store = store).await;
        site.signup("kim").await;
        let kim = Browser::login(&site, "kim").await;
        let me = kim.send(&site, Method::GET, "/v1/me", None).await;
        assert_eq!((me.status, &me.body["username"]), (200, &json!("kim")), "{store:?}");
        let verified = kim.send(&site, Method::GET, "/v1/verify", None).await;
        assert_eq!(
            (verified.header("tokenry-username"), verified.header("tokenry-session")),
            ("kim", kim.session.as_str())
        );
        let changed = kim.send(&site, Method::PATCH, "/v1/me", Some(json!({ "email": "kim@example.com" }))).await;
        assert_eq!((changed.status, &changed.body["email"]), (200, &json!("kim@example.com")));
        let out = kim.send(&site, Method::POST, "/v1/logout", None).await;
        out.is_done();
        assert!(out.header("set-cookie").starts_with("tokenry=; ") && out.header("set-cookie").contains("Max-Age=0"));
        let over = kim.send(&site, Method::GET, "/v1/me", None).await;
        over.is_problem(401, "token_revoked");
        assert_eq!(over.body["reason"], "logout", "{store:?}");
    }
}

#[tokio::test]
async fn the_answer_has_a_cookie_and_no_token() {
    let site = Site::new().await;
    site.signup("kim").await;
    let answer = login(&site, "kim", None).await;
    let header = answer.header("set-cookie");
    let (cookie, attributes) = header.split_once("; ").unwrap();
    assert_eq!(cookie.strip_prefix("tokenry=").unwrap().len(), 64);
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"] {
        assert!(attributes.split("; ").any(|one| one == attribute), "{header}");
    }
    assert!(!attributes.contains("Secure") && !attributes.contains("Domain"), "{header}");
    assert!(answer.body.get("access_token").is_none() && answer.body.get("refresh_token").is_none());
    assert_eq!((&answer.body["expires_in"], &answer.body["user"]["username"]), (&json!(IDLE), &json!("kim")));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_https_issuer_hands_out_a_host_cookie() {
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    site.signup("kim").await;
    let header = login(&site, "kim", None).await.header("set-cookie").to_owned();
    assert!(header.starts_with("__Host-tokenry=") && header.contains("; Secure"), "{header}");
    let value = header.split([';', '=']).nth(1).unwrap();
    for (name, status) in [("__Host-tokenry", 200), ("tokenry", 401)] {
        let request = Request::get("/v1/me").header("cookie", format!("{name}={value}"));
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_cookie_that_is_not_of_a_live_session_is_refused() {
    let site = Site::new().await;
    let token_session = site.signup("kim").await.session;
    let (kim, lee) = (Browser::login(&site, "kim").await, Browser::login(&site, "kim").await);
    let other_secret = format!("{}{}", &kim.cookie[..22], &lee.cookie[22..]);
    let of_a_token_session = {
        use base64::Engine;
        let bytes = token_session.parse::<tokenry_domain::id::SessionId>().unwrap();
        let secret = site.row_of(&token_session).await.secret;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode([&bytes.as_bytes()[..], secret.expose()].concat())
    };
    let stored = {
        use base64::Engine;
        let bytes = kim.session.parse::<tokenry_domain::id::SessionId>().unwrap();
        let secret = site.row_of(&kim.session).await.secret;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode([&bytes.as_bytes()[..], secret.expose()].concat())
    };
    let long = "a".repeat(10_000);
    for bad in ["", "x", &kim.cookie[1..], &"A".repeat(64), &other_secret, &of_a_token_session, &stored, &long] {
        let answer =
            Browser { cookie: bad.to_owned(), session: String::new() }.send(&site, Method::GET, "/v1/me", None).await;
        answer.is_problem(401, "token_invalid");
    }
    let doubled = format!("{}; tokenry={}", kim.cookie, kim.cookie);
    Browser { cookie: doubled, session: String::new() }
        .send(&site, Method::GET, "/v1/me", None)
        .await
        .is_problem(401, "token_invalid");
    let two = Request::get("/v1/me").header("cookie", kim.header()).header("cookie", lee.header());
    site.send(two.body(Body::empty()).unwrap()).await.is_problem(401, "token_invalid");
    let among = Request::get("/v1/me").header("cookie", format!("a=b; {}; c=\"d\"; broken", kim.header()));
    assert_eq!(site.send(among.body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn another_sites_page_changes_nothing_with_it() {
    let site = Site::with(|config| config.server.cors_origins.0 = vec!["https://app.example".to_owned()]).await;
    site.signup("kim").await;
    let kim = Browser::login(&site, "kim").await;
    let send = async |headers: &[(&str, &str)]| {
        let mut request = Request::post("/v1/logout").header("cookie", kim.header()).header("host", "127.0.0.1:7519");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        site.send(request.body(Body::empty()).unwrap()).await
    };
    for foreign in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://other.example.com")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "null"), ("content-type", "application/x-www-form-urlencoded")],
    ] {
        send(foreign).await.is_problem(403, "forbidden");
    }
    for (method, path, body) in [
        (Method::POST, "/v1/password", json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD })),
        (Method::PATCH, "/v1/me", json!({ "username": "mallory" })),
        (Method::DELETE, "/v1/me", json!({ "current_password": PASSWORD })),
        (Method::DELETE, "/v1/sessions", Value::Null),
        (Method::POST, "/v1/email/change", json!({ "new_email": "m@evil.example", "current_password": PASSWORD })),
    ] {
        let request = Request::builder().method(method).uri(path).header("cookie", kim.header());
        let request = request.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
        site.send_json(request, &body).await.is_problem(403, "forbidden");
    }
    assert_eq!(kim.send(&site, Method::GET, "/v1/me", None).await.body["username"], "kim");
    // Reading is no change, and what another site may read is for CORS to say.
    let read = Request::get("/v1/me").header("cookie", kim.header()).header("sec-fetch-site", "cross-site");
    assert_eq!(site.send(read.body(Body::empty()).unwrap()).await.status, 200);
    for own in [
        &[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:7519")][..],
        &[("origin", "http://127.0.0.1:7519")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
        &[],
    ] {
        send(own).await.is_done();
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_its_greatest_age() {
    for store in STORES {
        let site = Site::with(|config| {
            config.session.store = store;
            config.session.max_age = serde_json::from_value(json!("30d")).unwrap();
        })
        .await;
        site.signup("kim").await;
        let (busy, idle) = (Browser::login(&site, "kim").await, Browser::login(&site, "kim").await);
        let me = async |browser: &Browser| browser.send(&site, Method::GET, "/v1/me", None).await;
        for _ in 0..2 {
            site.pass(IDLE - 1);
            assert_eq!(me(&busy).await.status, 200, "{store:?}");
        }
        me(&idle).await.is_problem(401, "token_expired");
        site.pass(2 * 86_400 + 1);
        assert_eq!(me(&busy).await.status, 200, "{store:?}");
        site.pass(1);
        me(&busy).await.is_problem(401, "token_revoked");
    }
}

#[tokio::test]
async fn cookies_are_listed_and_ended_next_to_tokens() {
    for store in STORES {
        let site = Site::with(|config| config.session.store = store).await;
        let token = site.signup("kim").await;
        site.pass(1);
        let first = Browser::login(&site, "kim").await;
        site.pass(1);
        let second = Browser::login(&site, "kim").await;
        let list = first.send(&site, Method::GET, "/v1/sessions", None).await.body;
        let seen: Vec<(&str, &str, bool)> = list["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| {
                (session["id"].as_str().unwrap(), session["method"].as_str().unwrap(), session["current"] == true)
            })
            .collect();
        let expected = [
            (second.session.as_str(), "cookie", false),
            (&first.session, "cookie", true),
            (&token.session, "token", false),
        ];
        assert_eq!(seen, expected, "{store:?}");
        site.delete(&token, &format!("/v1/sessions/{}", first.session)).await.is_done();
        first.send(&site, Method::GET, "/v1/me", None).await.is_problem(401, "token_revoked");
        let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
        site.post(&token, "/v1/password", body).await.is_done();
        let over = second.send(&site, Method::GET, "/v1/me", None).await;
        assert_eq!((over.status, &over.body["reason"]), (401, &json!("password")), "{store:?}");
        site.accepts(&token).await;
    }
}

#[tokio::test]
async fn a_password_change_with_a_cookie_keeps_its_session_alone() {
    for store in STORES {
        let site = Site::with(|config| config.session.store = store).await;
        let token = site.signup("kim").await;
        let kim = Browser::login(&site, "kim").await;
        let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
        kim.send(&site, Method::POST, "/v1/password", Some(body)).await.is_done();
        assert_eq!(kim.send(&site, Method::GET, "/v1/me", None).await.status, 200, "{store:?}");
        site.has_ended(&token, "password").await;
        assert_eq!(site.revoked(RevocationKind::Sid).await, [token.session]);
    }
}

#[tokio::test]
async fn disabling_a_user_ends_the_cookies() {
    for store in STORES {
        let site = Site::with(|config| config.session.store = store).await;
        site.signup("kim").await;
        let kim = Browser::login(&site, "kim").await;
        let id = kim.send(&site, Method::GET, "/v1/me", None).await.body["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/admin/users/{id}");
        for status in ["disabled", "active"] {
            assert_eq!(site.patch(&Admin, &path, json!({ "status": status })).await.status, 200);
            kim.send(&site, Method::GET, "/v1/me", None).await.is_problem(401, "token_revoked");
        }
    }
}

#[tokio::test]
async fn a_log_in_never_goes_on_with_the_cookie_that_came_along() {
    let site = Site::new().await;
    site.signup("kim").await;
    let planted = Browser::login(&site, "kim").await;
    let answer = login(&site, "kim", Some(&planted)).await;
    assert_ne!(answer.body["session_id"], planted.session);
    planted.send(&site, Method::GET, "/v1/me", None).await.is_problem(401, "token_revoked");
    // Whatever else comes along does no harm.
    let junk = Browser { cookie: "A".repeat(64), session: String::new() };
    assert_eq!(login(&site, "kim", Some(&junk)).await.status, 200);
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_the_oldest_ends() {
    for store in STORES {
        let site = Site::with(|config| {
            config.session.store = store;
            config.session.per_user = 3;
        })
        .await;
        let token = site.signup("kim").await;
        let mut browsers = Vec::new();
        for _ in 0..3 {
            site.pass(1);
            browsers.push(Browser::login(&site, "kim").await);
        }
        site.has_ended(&token, "logout").await;
        site.pass(1);
        let newest = site.login("kim").await;
        browsers[0].send(&site, Method::GET, "/v1/me", None).await.is_problem(401, "token_revoked");
        for browser in &browsers[1..] {
            assert_eq!(browser.send(&site, Method::GET, "/v1/me", None).await.status, 200, "{store:?}");
        }
        site.accepts(&newest).await;
    }
}

#[tokio::test]
async fn a_restart_keeps_what_is_not_in_memory() {
    for (store, kept) in [(SessionStore::Memory, false), (SessionStore::Disk, true), (SessionStore::Database, true)] {
        let directory = tempfile::tempdir().unwrap();
        let site = Site::in_directory_with(directory.path(), |config| config.session.store = store).await;
        site.signup("kim").await;
        let kim = Browser::login(&site, "kim").await;
        drop(site);
        let site = Site::in_directory_with(directory.path(), |config| config.session.store = store).await;
        let status = kim.send(&site, Method::GET, "/v1/me", None).await.status;
        assert_eq!(status == 200, kept, "{store:?}");
    }
}

#[tokio::test]
async fn a_token_in_the_header_goes_before_the_cookie() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let browser = Browser::login(&site, "kim").await;
    let both = |token: &str| {
        let request = Request::get("/v1/me").header("cookie", browser.header());
        request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
    };
    assert_eq!(site.send(both(&lee.access)).await.body["username"], "lee");
    site.send(both(&kim.refresh)).await.is_problem(401, "token_invalid");
}

/// Someone's browser, which keeps one cookie.
struct Browser {
    cookie: String,
    session: String,
}

impl Browser {
    async fn login(site: &Site, identifier: &str) -> Self {
        let answer = login(site, identifier, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.header("set-cookie").split([';', '=']).nth(1).unwrap().to_owned();
        Self { cookie, session: answer.body["session_id"].as_str().unwrap().to_owned() }
    }

    fn header(&self) -> String {
        format!("tokenry={}", self.cookie)
    }

    async fn send(&self, site: &Site, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("cookie", self.header());
        match body {
            Some(body) => site.send_json(request, &body).await,
            None => site.send(request.body(Body::empty()).unwrap()).await,
        }
    }
}

async fn login(site: &Site, identifier: &str, browser: Option<&Browser>) -> Answer {
    let mut request = Request::post("/v1/login");
    if let Some(browser) = browser {
        request = request.header("cookie", browser.header());
    }
    site.send_json(request, &json!({ "identifier": identifier, "password": PASSWORD, "method": "cookie" })).await
}
