//! There and back, as a browser goes.

use axum::http::Method;
use serde_json::json;

use super::APP;
use super::upstream::{Asked, Person, Upstream};
use crate::app::harness::{Answer, Site};
use crate::app::pages::browser::Browser;

pub(super) const KIM: Person = Person { subject: "kim", email: Some(("kim@example.com", true)) };
pub(super) const LEE: Person = Person { subject: "lee", email: None };

/// Where a new account leads.
pub(super) const WELCOME: &str = "/account?notice=welcome";

/// A site with one provider under two names.
pub(super) async fn start() -> (Site, Upstream) {
    start_with(|_| {}).await
}

pub(super) async fn start_with(change: impl FnOnce(&mut tokenry::Config)) -> (Site, Upstream) {
    let upstream = Upstream::start().await;
    let site = Site::with(|config| {
        upstream.configure("one", config);
        upstream.configure("two", config);
        let redirect_uris = [APP, "http://127.0.0.1/callback", "https://app.example/callback"];
        config.apps = serde_json::from_value(json!({ "redirect_uris": redirect_uris })).unwrap();
        change(config);
    })
    .await;
    (site, upstream)
}

/// Follows a button to the provider.
pub(super) async fn depart(site: &Site, browser: &mut Browser, path: &str) -> Asked {
    let answer = browser.get(site, path).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    Asked::read(answer.header("location"))
}

pub(super) async fn come_back(site: &Site, browser: &mut Browser, query: &str) -> Answer {
    // A provider's page leads here: another site's.
    browser.send(site, Method::GET, &format!("/social/one/callback?{query}"), "cross-site", String::new()).await
}

/// There and back.
pub(super) async fn log_in(
    site: &Site,
    upstream: &Upstream,
    browser: &mut Browser,
    path: &str,
    person: Person,
) -> Answer {
    let asked = depart(site, browser, path).await;
    let query = upstream.consent(&asked, person);
    come_back(site, browser, &query).await
}

#[track_caller]
pub(super) fn leads(answer: &Answer, location: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, location), "{answer:?}");
}

/// That it is a page with a way back, and that it says this.
#[track_caller]
pub(super) fn excuses(answer: &Answer, status: u16, message: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"), "{answer:?}");
    let html = answer.body.as_str().unwrap();
    assert!(html.contains(message) && html.contains("href=\"/login"), "{html}");
    assert!(!answer.headers.get_all("set-cookie").iter().any(|cookie| cookie.as_bytes().starts_with(b"tokenry=")));
}

/// The offer that an answer leads to.
#[track_caller]
pub(super) fn offer_of(answer: &Answer) -> String {
    let location = answer.header("location");
    let tag = location.strip_prefix("/social/link?offer=").unwrap_or_else(|| panic!("{answer:?}"));
    tag.to_owned()
}
