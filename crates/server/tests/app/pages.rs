//! The pages as a browser without script uses them.

mod account;
pub(crate) mod browser;
mod forms;
mod look;

use axum::body::Body;
use axum::http::{Method, Request};

use self::browser::Browser;
use super::harness::{Anonymous, Site};
use tokenry::App;

/// The pages that do not ask who looks at them, beside the calls that do not ask who calls.
const PUBLIC: &str = include_str!("../public-routes.txt");

#[tokio::test]
async fn only_listed_pages_open_to_a_stranger() {
    let site = Site::new().await;
    let mut open = Vec::new();
    for path in App::pages() {
        let path = path.replace("{*path}", "style.css");
        for method in [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            let request = Request::builder().method(&method).uri(&path);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = site.send(request.body(Body::from("action=log_out")).unwrap()).await;
            match (answer.status, answer.header("location")) {
                (405, _) => {}
                (303, "/login?return_to=/account") => {}
                _ => open.push(format!("{method} {path}")),
            }
        }
    }
    open.sort();
    let is_page = |line: &&str| {
        let path = line.split(' ').nth(1).unwrap();
        App::pages().contains(&path) || path.starts_with("/assets/")
    };
    assert_eq!(open, PUBLIC.lines().filter(is_page).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_page_is_strict_about_what_it_loads() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    for path in ["/", "/signup", "/login", "/account", "/docs"] {
        let page = kim.get(&site, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!((page.header("cache-control"), page.header("x-frame-options")), ("no-store", "DENY"), "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        let html = page.body.as_str().unwrap();
        for bad in ["style=\"", "<style", "<script>", "onclick=", "onsubmit=", "javascript:", "src=\"http", "href=\"//"]
        {
            assert!(!html.contains(bad), "{path}: {bad}");
        }
    }
}

#[tokio::test]
async fn a_browser_is_shown_a_page_where_there_is_none_and_a_program_a_problem() {
    let site = Site::new().await;
    let request = Request::get("/nowhere").header("accept", "text/html,*/*;q=0.8").header("accept-language", "ko");
    let page = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.body.as_str().unwrap().contains("페이지가 없습니다"));
    assert!(page.body.as_str().unwrap().contains(page.header("x-request-id")));
    site.get(&Anonymous, "/nowhere").await.is_problem(404, "not_found");
}
