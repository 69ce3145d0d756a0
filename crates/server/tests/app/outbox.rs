//! The outbox of development holds links that log in: who sees it.

use axum::body::Body;
use axum::http::Request;

use crate::app::harness::{Anonymous, Answer, Site};

/// Opens the outbox from this machine.
async fn open(site: &Site, headers: &[(&str, &str)]) -> Answer {
    let request = Request::get("/dev/outbox").header("accept", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    site.send_from("127.0.0.1:1", request.body(Body::empty()).unwrap()).await
}

const HOST: (&str, &str) = ("host", "127.0.0.1:7519");

#[tokio::test]
async fn is_shown_to_this_machine_alone() {
    let site = Site::new().await;
    site.get(&Anonymous, "/dev/outbox").await.is_problem(404, "not_found");
    let request = Request::get("/dev/outbox").header("host", "localhost:7519").header("accept-language", "ko");
    let page = site.send_from("127.0.0.1:1", request.body(Body::empty()).unwrap()).await;
    assert!(page.status == 200 && page.body.as_str().unwrap().contains("보낸 편지함"), "{page:?}");
    let post = Request::post("/dev/outbox").header("host", "localhost").body(Body::empty()).unwrap();
    site.send_from("127.0.0.1:1", post).await.is_problem(405, "invalid_request");
}

#[tokio::test]
async fn no_page_of_another_origin_reads_it() {
    let site = Site::new().await;
    for headers in [
        &[HOST, ("origin", "https://evil.example")][..],
        &[HOST, ("origin", "http://127.0.0.1:3000")],
        &[HOST, ("origin", "null")],
        &[HOST, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        &[HOST, ("sec-fetch-site", "cross-site")],
        &[HOST, ("sec-fetch-site", "same-site")],
    ] {
        let answer = open(&site, headers).await;
        answer.is_problem(404, "not_found");
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{headers:?}");
    }
    for headers in [
        &[HOST][..],
        &[HOST, ("sec-fetch-site", "none")],
        &[HOST, ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:7519")],
    ] {
        let answer = open(&site, headers).await;
        assert!(answer.status == 200 && answer.body["mails"].is_array(), "{answer:?}");
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{headers:?}");
    }
}

#[tokio::test]
async fn dns_rebinding_does_not_open_it() {
    let site = Site::new().await;
    for headers in [
        &[][..],
        &[("host", "evil.example:7519")],
        &[("host", "evil.example:7519"), ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example:7519")],
        &[("host", "127.0.0.1.evil.example")],
        &[HOST, ("host", "evil.example")],
    ] {
        open(&site, headers).await.is_problem(404, "not_found");
    }
}
