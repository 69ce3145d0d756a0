//! Apps that log in by way of a provider: their code, and what they are told (RFC 8252).

use serde_json::json;

use super::journey::{KIM, come_back, depart, leads, log_in, offer_of, start};
use super::upstream::{Asked, Mood};
use super::{APP, CHALLENGE, VERIFIER};
use crate::app::harness::{Admin, PASSWORD};
use crate::app::pages::browser::Browser;

/// What an app opens in the browser.
fn from_app(redirect_uri: &str) -> String {
    let redirect_uri: String = url::form_urlencoded::byte_serialize(redirect_uri.as_bytes()).collect();
    format!("/social/one?redirect_uri={redirect_uri}&code_challenge={CHALLENGE}&code_challenge_method=S256&state=a%26b")
}

#[tokio::test]
async fn an_app_gets_a_code_at_its_address_and_a_pair_for_it() {
    let (site, upstream) = start().await;
    for redirect_uri in
        [APP, "https://app.example/callback", "http://127.0.0.1/callback", "http://127.0.0.1:49152/callback"]
    {
        let mut kim = Browser::default();
        let answer = log_in(&site, &upstream, &mut kim, &from_app(redirect_uri), KIM).await;
        let back = Asked::read(answer.header("location"));
        assert!(answer.header("location").starts_with(&format!("{redirect_uri}?code=")), "{answer:?}");
        assert_eq!(back.get("state"), "a&b");
        assert!(!kim.is_logged_in(&site).await, "the app logs in, not the browser");
        let exchanged = site.exchange(back.get("code"), VERIFIER, redirect_uri).await;
        assert_eq!(exchanged.body["user"]["email"], "kim@example.com");
        site.accepts(&exchanged.pair()).await;
    }
}

#[tokio::test]
async fn an_app_that_is_not_listed_is_sent_nothing() {
    let (site, upstream) = start().await;
    for bad in [
        "https://evil.example/callback",
        "https://app.example/callback/",
        "https://app.example/callback?x=y",
        "com.example.app:/other",
        "com.example.evil:/callback",
        "http://127.0.0.1:49152/other",
        "http://localhost/callback",
        "http://127.0.0.1@evil.example/callback",
        "",
    ] {
        let answer = Browser::default().get(&site, &from_app(bad)).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{bad}");
    }
    assert_eq!(upstream.asked(), 0);
}

#[tokio::test]
async fn an_app_without_a_challenge_is_told_so() {
    let (site, _upstream) = start().await;
    let uri = "redirect_uri=com.example.app:/callback&state=x";
    for rest in [
        String::new(),
        format!("&code_challenge={CHALLENGE}"),
        format!("&code_challenge={CHALLENGE}&code_challenge_method=plain"),
        "&code_challenge=short&code_challenge_method=S256".to_owned(),
    ] {
        let answer = Browser::default().get(&site, &format!("/social/one?{uri}{rest}")).await;
        leads(&answer, "com.example.app:/callback?error=invalid_request&state=x");
    }
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_goes_back_to_the_app() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let asked = depart(&site, &mut kim, &from_app(APP)).await;
    let query = format!("error=access_denied&state={}", asked.get("state"));
    leads(&come_back(&site, &mut kim, &query).await, "com.example.app:/callback?error=access_denied&state=a%26b");
    for (mood, error) in [(Mood::Broken, "temporarily_unavailable"), (Mood::Html, "server_error")] {
        upstream.be(mood);
        let answer = log_in(&site, &upstream, &mut kim, &from_app(APP), KIM).await;
        leads(&answer, &format!("com.example.app:/callback?error={error}&state=a%26b"));
    }
}

/// The offer is accepted in the browser, and the code goes on to the app.
#[tokio::test]
async fn an_app_gets_its_code_after_an_offer_too() {
    let (site, upstream) = start().await;
    let user = json!({ "email": "kim@example.com", "password": PASSWORD });
    let id = site.post(&Admin, "/v1/admin/users", user).await.body["id"].as_str().unwrap().to_owned();
    site.patch(&Admin, &format!("/v1/admin/users/{id}"), json!({ "email_verified": true })).await;
    let mut kim = Browser::default();
    let offer = offer_of(&log_in(&site, &upstream, &mut kim, &from_app(APP), KIM).await);
    let link = format!("/social/link?offer={offer}");
    let fields = [("identifier", "kim@example.com"), ("password", PASSWORD), ("return_to", &link)];
    leads(&kim.post(&site, "/login", &fields).await, &link);
    let page = kim.get(&site, &link).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' com.example.app:;"), "{policy}");
    let decline = "href=\"com.example.app:/callback?error=access_denied&#38;state=a%26b\"";
    assert!(page.body.as_str().unwrap().contains(decline), "{page:?}");
    let answer = kim.post(&site, "/social/link", &[("offer", &offer)]).await;
    let back = Asked::read(answer.header("location"));
    assert!(answer.header("location").starts_with("com.example.app:/callback?code="), "{answer:?}");
    let exchanged = site.exchange(back.get("code"), VERIFIER, APP).await;
    assert_eq!(exchanged.body["user"]["id"], id.as_str());
}
