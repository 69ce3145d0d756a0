//! The whole way: to a provider and back.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::task::JoinSet;

use super::journey::{KIM, LEE, WELCOME, come_back, depart, excuses, leads, log_in, start, start_with};
use super::upstream::{Asked, Mood};
use crate::app::harness::Anonymous;
use crate::app::pages::browser::Browser;

#[tokio::test]
async fn a_person_logs_in_by_way_of_a_provider() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let login = kim.get(&site, "/login?return_to=/orders").await;
    let button = "href=\"/social/one?return_to=%2Forders\">Continue with Provider one</a>";
    assert!(login.body.as_str().unwrap().contains(button), "{login:?}");
    let answer = kim.get(&site, "/social/one?return_to=%2Forders").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("tokenry-social-"), "{cookie}");
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let asked = Asked::read(answer.header("location"));
    assert!(asked.address.as_str().starts_with(&format!("{}/authorize?", upstream.issuer)), "{}", asked.address);
    let redirect_uri = format!("{}/social/one/callback", site.app.authority().settings().issuer);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "tokenry"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", &redirect_uri),
    ] {
        assert_eq!(asked.get(name), value);
    }
    assert!(["state", "nonce", "code_challenge"].iter().all(|name| asked.get(name).len() == 43), "{}", asked.address);
    let verifier = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
    assert!(!asked.address.as_str().contains(verifier), "the browser keeps it");
    let query = upstream.consent(&asked, KIM);
    let answer = come_back(&site, &mut kim, &query).await;
    leads(&answer, "/orders");
    assert!(kim.is_logged_in(&site).await);
    let tag = cookie.split_once('=').unwrap().0;
    assert!(kim.cookie(tag).is_none(), "it is taken back");
    let account = kim.get(&site, "/account").await;
    let html = account.body.as_str().unwrap();
    assert!(
        html.contains("kim@example.com") && html.contains("Unlink") && html.contains("Link Provider two"),
        "{html}"
    );
}

#[tokio::test]
async fn over_tls_the_cookie_is_the_hosts_own() {
    let (site, _upstream) = start_with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    let answer = Browser::default().get(&site, "/social/one").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-tokenry-social-") && cookie.contains("; Secure"), "{cookie}");
    let asked = Asked::read(answer.header("location"));
    assert_eq!(asked.get("redirect_uri"), "https://auth.example.com/social/one/callback");
}

#[tokio::test]
async fn a_state_that_is_missing_foreign_reused_or_of_another_browser_is_refused_before_the_provider_is_asked() {
    let (site, upstream) = start().await;
    let (mut kim, mut mallory) = (Browser::default(), Browser::default());
    let asked = depart(&site, &mut kim, "/social/one").await;
    let hers = depart(&site, &mut mallory, "/social/one").await;
    let query = upstream.consent(&asked, KIM);
    let begin_again = "was not begun in this browser";
    // Of another browser: an attacker's link in the victim's, and the other way round.
    excuses(&come_back(&site, &mut mallory, &query).await, 400, begin_again);
    let planted = upstream.consent(&hers, LEE);
    excuses(&come_back(&site, &mut kim, &planted).await, 400, begin_again);
    for query in
        ["code=code0", "code=code0&state=", "code=code0&state=x", &format!("code=code0&state={}", "a".repeat(43))]
    {
        excuses(&come_back(&site, &mut kim, query).await, 400, begin_again);
    }
    let twice = format!("{query}&state={}", hers.get("state"));
    assert_eq!(come_back(&site, &mut kim, &twice).await.status, 400);
    // Of another provider (RFC 9700 section 4.4).
    let mixed_up = kim.get(&site, &format!("/social/two/callback?{query}")).await;
    excuses(&mixed_up, 400, begin_again);
    assert_eq!(upstream.asked(), 0);
    // None of it has spent the attempt.
    leads(&come_back(&site, &mut kim, &query).await, WELCOME);
    excuses(&come_back(&site, &mut kim, &query).await, 400, begin_again);
    assert_eq!(upstream.asked(), 1);
    site.pass(600);
    excuses(&come_back(&site, &mut mallory, &planted).await, 400, begin_again);
    assert_eq!(upstream.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_callbacks_of_one_attempt_one_succeeds() {
    let (site, upstream) = start().await;
    let site = Arc::new(site);
    let answer = site.send(Request::get("/social/one").body(Body::empty()).unwrap()).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let query = upstream.consent(&Asked::read(answer.header("location")), KIM);
    let mut callbacks = JoinSet::new();
    for _ in 0..50 {
        let (site, cookie, query) = (Arc::clone(&site), cookie.clone(), query.clone());
        callbacks.spawn(async move {
            let request = Request::get(format!("/social/one/callback?{query}")).header("cookie", cookie);
            site.send(request.body(Body::empty()).unwrap()).await
        });
    }
    let answers = callbacks.join_all().await;
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!((done.len(), upstream.asked()), (1, 1));
    answers.iter().filter(|answer| answer.status != 303).for_each(|answer| excuses(answer, 400, "was not begun"));
}

#[tokio::test]
async fn several_tabs_do_not_disturb_each_other() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let first = depart(&site, &mut kim, "/social/one?return_to=/first").await;
    let second = depart(&site, &mut kim, "/social/one?return_to=/second").await;
    let (one, two) = (upstream.consent(&first, KIM), upstream.consent(&second, KIM));
    leads(&come_back(&site, &mut kim, &two).await, "/second");
    leads(&come_back(&site, &mut kim, &one).await, "/first");
}

#[tokio::test]
async fn what_the_provider_gets_wrong_changes_nothing_and_is_said_in_both_languages() {
    let (site, upstream) = start().await;
    for (mood, status, english, korean) in [
        (Mood::Broken, 503, "Provider one can&#39;t be reached", "지금은 Provider one에 연결할 수 없습니다"),
        (Mood::Html, 502, "Provider one gave an answer", "Provider one에서 온 답을"),
        (Mood::OtherNonce, 502, "Provider one gave an answer", "Provider one에서 온 답을"),
        (Mood::OtherAudience, 502, "Provider one gave an answer", "Provider one에서 온 답을"),
        (Mood::RefusesCodes, 400, "was not begun in this browser", "이 브라우저에서 시작한 로그인이 아니거나"),
    ] {
        upstream.be(mood);
        for (language, message) in [("en", english), ("ko", korean)] {
            let mut kim = Browser::speaking(language);
            let answer = log_in(&site, &upstream, &mut kim, "/social/one?return_to=/orders", KIM).await;
            let html = answer.body.as_str().unwrap().replace("&#x27;", "&#39;");
            assert_eq!(answer.status, status, "{mood:?} {answer:?}");
            assert!(html.contains(message), "{mood:?} {html}");
            assert!(html.contains("href=\"/login?return_to=%2Forders\""), "{html}");
            assert!(!kim.is_logged_in(&site).await);
        }
    }
    assert!(site.audit(tokenry_domain::audit::AuditKind::UserCreated).await.is_empty());
}

#[tokio::test]
async fn who_declines_is_told_and_can_begin_again() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let asked = depart(&site, &mut kim, "/social/one").await;
    let query = format!("error=access_denied&error_description=x&state={}", asked.get("state"));
    excuses(&come_back(&site, &mut kim, &query).await, 403, "Provider one says that you have declined");
    excuses(&come_back(&site, &mut kim, &query).await, 400, "was not begun");
    assert_eq!(upstream.asked(), 0);
    leads(&log_in(&site, &upstream, &mut kim, "/social/one", KIM).await, WELCOME);
}

/// RFC 9207.
#[tokio::test]
async fn an_answer_that_names_another_issuer_is_not_taken_to_this_one() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let asked = depart(&site, &mut kim, "/social/one").await;
    let query = format!("{}&iss=https%3A%2F%2Fevil.example", upstream.consent(&asked, KIM));
    excuses(&come_back(&site, &mut kim, &query).await, 502, "gave an answer that");
    assert_eq!(upstream.asked(), 0);
    let asked = depart(&site, &mut kim, "/social/one").await;
    let query = format!("{}&iss={}", upstream.consent(&asked, KIM), upstream.issuer);
    leads(&come_back(&site, &mut kim, &query).await, WELCOME);
}

#[tokio::test]
async fn a_form_is_taken_from_no_provider_that_does_not_send_one() {
    let (site, upstream) = start().await;
    let mut kim = Browser::default();
    let asked = depart(&site, &mut kim, "/social/one").await;
    let query = upstream.consent(&asked, KIM);
    let answer = kim.send(&site, Method::POST, "/social/one/callback", "cross-site", query.clone()).await;
    assert_eq!((answer.status, upstream.asked()), (405, 0));
    leads(&come_back(&site, &mut kim, &query).await, WELCOME);
}

#[tokio::test]
async fn open_redirects_are_not_followed() {
    let (site, upstream) = start().await;
    leads(&log_in(&site, &upstream, &mut Browser::default(), "/social/one", KIM).await, WELCOME);
    for bad in ["https://evil.example/", "//evil.example", "/\\evil.example", "/%2fevil.example", "javascript:alert(1)"]
    {
        let encoded: String = url::form_urlencoded::byte_serialize(bad.as_bytes()).collect();
        let path = format!("/social/one?return_to={encoded}");
        leads(&log_in(&site, &upstream, &mut Browser::default(), &path, KIM).await, "/account");
    }
}

#[tokio::test]
async fn unknown_providers_are_not_found() {
    let (site, _upstream) = start().await;
    for path in ["/social/nobody", "/social/nobody/callback?code=x&state=y", "/social/One", "/social/%2e%2e"] {
        assert_eq!(Browser::default().get(&site, path).await.status, 404, "{path}");
    }
    let listed = site.get(&Anonymous, "/v1/social").await.body;
    let issuer = &site.app.authority().settings().issuer;
    assert_eq!(
        listed["providers"][0],
        json!({ "name": "one", "label": "Provider one", "start": format!("{issuer}/social/one") })
    );
    assert_eq!(listed["providers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn beginning_is_throttled() {
    let (site, _upstream) = start_with(|config| config.rate_limit.enabled = true).await;
    let mut kim = Browser::default();
    for _ in 0..60 {
        depart(&site, &mut kim, "/social/one").await;
    }
    let answer = kim.get(&site, "/social/one").await;
    excuses(&answer, 429, "Too many attempts");
    assert!(answer.headers.contains_key("retry-after"));
}
