//! Calls from a browser, and the headers that keep it safe.

use axum::body::Body;
use axum::http::Request;
use tokenry::config::List;

use crate::app::harness::{Anonymous, Answer, PASSWORD, Site};

const APP: &str = "https://app.example";

async fn preflight(site: &Site, origin: &str, method: &str) -> Answer {
    let request = Request::options("/v1/refresh")
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    site.send(request.body(Body::empty()).unwrap()).await
}

async fn get_from(site: &Site, origin: &str, path: &str) -> Answer {
    let request = Request::get(path).header("origin", origin);
    site.send(request.body(Body::empty()).unwrap()).await
}

fn listed(answer: &Answer, header: &str) -> Vec<String> {
    let mut names: Vec<String> = answer.header(header).split(',').map(|name| name.trim().to_lowercase()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn any_origin_may_call_without_credentials() {
    let site = Site::new().await;
    let answer = preflight(&site, APP, "POST").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    let headers = listed(&answer, "access-control-allow-headers");
    assert_eq!(headers, ["authorization", "content-type", "idempotency-key"]);
    assert_eq!(listed(&answer, "access-control-allow-methods"), ["delete", "get", "patch", "post"]);
    assert!(answer.header("access-control-max-age").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn a_script_reads_why_it_was_refused() {
    let site = Site::new().await;
    for path in ["/v1/me", "/nowhere", "/.well-known/jwks.json"] {
        let answer = get_from(&site, APP, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let exposed = listed(&answer, "access-control-expose-headers");
        assert_eq!(exposed, ["etag", "retry-after", "www-authenticate"], "{path}");
    }
    // This one no handler has seen.
    let long = Request::post("/v1/login").header("origin", APP).body(Body::from("a".repeat(65 * 1024)));
    let answer = site.send(long.unwrap()).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (413, "*"));
}

#[tokio::test]
async fn a_list_limits_the_origins_and_allows_credentials() {
    let origins = List(vec![APP.to_owned(), "http://localhost:3000".to_owned()]);
    let site = Site::with(|config| config.server.cors_origins = origins).await;
    for origin in [APP, "http://localhost:3000"] {
        for answer in [preflight(&site, origin, "POST").await, get_from(&site, origin, "/v1/me").await] {
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            // A cache must not hand one origin's answer to another.
            assert!(answer.header("vary").to_lowercase().contains("origin"));
        }
    }
    for origin in ["https://evil.example", "null", "https://app.example.evil.example", "https://app.example:444"] {
        for answer in [preflight(&site, origin, "POST").await, get_from(&site, origin, "/v1/me").await] {
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::new().await;
    let paths = ["/", "/docs", "/assets/style.css", "/v1/me", "/nowhere", "/healthz", "/.well-known/jwks.json"];
    for path in paths {
        let answer = site.get(&Anonymous, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let referrer = if ["/", "/docs"].contains(&path) { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), referrer, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "{path}");
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn an_https_issuer_insists_on_https() {
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    for path in ["/", "/v1/me"] {
        let answer = site.get(&Anonymous, path).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
}

#[tokio::test]
async fn no_answer_with_tokens_is_stored() {
    let site = Site::new().await;
    let signup = site.try_signup("kim").await;
    let refreshed = site.refresh(&signup.pair().refresh).await;
    for answer in [signup, site.try_login("kim", PASSWORD).await, refreshed] {
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    }
}
