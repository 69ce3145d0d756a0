//! `/signup` and `/login`.

use axum::http::{Method, Request, Version};
use tokenry::config::List;
use tokenry_domain::audit::AuditKind;

use super::browser::{Browser, form};
use crate::app::harness::{Answer, OTHER_PASSWORD, PASSWORD, Site};

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap()
}

/// That the form is shown again with this status, says this beside this field, and points there.
#[track_caller]
fn says(answer: &Answer, status: u16, field: &str, message: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"), "{answer:?}");
    let html = html(answer);
    assert!(html.contains(&format!("id=\"{field}-wrong\">{message}")), "{field}: {message} in {html}");
    assert!(html.contains(&format!("href=\"#{field}\"")) && html.contains("aria-describedby=\"faults\""), "{html}");
    assert!(html.contains("aria-invalid=\"true\"") && html.contains("<title>Error: "), "{html}");
}

#[tokio::test]
async fn signing_up_begins_a_session_by_cookie() {
    let site = Site::new().await;
    let mut kim = Browser::default();
    let fields = [("username", "kim"), ("email", "kim@example.com"), ("password", PASSWORD)];
    let answer = kim.post(&site, "/signup", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account?notice=welcome"));
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("tokenry=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let account = kim.get(&site, "/account?notice=welcome").await;
    assert!(html(&account).contains("Your account is ready") && html(&account).contains("value=\"kim@example.com\""));
    assert_eq!(site.audit(AuditKind::UserCreated).await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_said_beside_the_field() {
    let site = Site::new().await;
    Browser::signed_up(&site, "kim").await;
    let long = "a".repeat(1025);
    for (username, email, password, status, field, message) in [
        ("", "", PASSWORD, 400, "signup-username", "Enter a username or an e-mail address"),
        ("k@m", "", PASSWORD, 400, "signup-username", "A username has no @"),
        ("k\u{200b}m", "", PASSWORD, 400, "signup-username", "This contains a character"),
        ("lee", "nonsense", PASSWORD, 400, "signup-email", "This is not an e-mail address"),
        ("lee", "", "", 400, "signup-password", "Enter the password"),
        ("lee", "", "short", 422, "signup-password", "At least 8 characters"),
        ("lee", "", "password", 422, "signup-password", "This is easy to guess. Many people use this"),
        ("lee", "", &long, 400, "signup-password", "This is longer than 1024 bytes"),
        ("KIM", "", PASSWORD, 409, "signup-username", "This username is taken"),
    ] {
        let fields = [("username", username), ("email", email), ("password", password)];
        let answer = Browser::default().post(&site, "/signup", &fields).await;
        says(&answer, status, field, message);
        assert!(html(&answer).contains(&format!("value=\"{username}\"")), "{username}");
        assert!(html(&answer).contains(&format!("value=\"{email}\"")), "{email}");
        assert!(password.is_empty() || !html(&answer).contains(&format!("value=\"{password}\"")), "{password}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    assert_eq!(site.audit(AuditKind::UserCreated).await.len(), 1);
}

#[tokio::test]
async fn a_closed_sign_up_shows_no_form_and_a_limited_one_its_domains() {
    let site = Site::with(|config| config.signup.mode = List(vec!["closed".to_owned()])).await;
    let mut kim = Browser::default();
    let page = kim.get(&site, "/signup").await;
    assert!(html(&page).contains("Sign-up is closed") && !html(&page).contains("<form"));
    let answer = kim.post(&site, "/signup", &[("username", "kim"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, html(&answer).contains("Sign-up is closed")), (403, true));
    let site = Site::with(|config| config.signup.mode = List(vec!["example.com".to_owned()])).await;
    assert!(html(&kim.get(&site, "/signup").await).contains("example.com"));
    let post = async |email: &str| {
        let fields = [("username", "kim"), ("email", email), ("password", PASSWORD)];
        Browser::default().post(&site, "/signup", &fields).await
    };
    says(&post("").await, 400, "signup-email", "Enter your e-mail address");
    says(&post("kim@evil.example").await, 403, "signup-email", "Sign-up here is limited");
    assert_eq!(post("kim@example.com").await.status, 303);
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_read_the_same() {
    let site = Site::new().await;
    Browser::signed_up(&site, "kim").await;
    let mut pages = Vec::new();
    for identifier in ["kim", "lee"] {
        let fields = [("identifier", identifier), ("password", OTHER_PASSWORD)];
        let answer = Browser::default().post(&site, "/login", &fields).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer realm=\"tokenry\""));
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(html(&answer).contains(&format!("value=\"{identifier}\"")) && !html(&answer).contains(OTHER_PASSWORD));
        pages.push(html(&answer).replace(identifier, "?"));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(pages[0].contains("The username or the password is wrong."));
}

#[tokio::test]
async fn an_empty_field_is_named_and_is_no_guess() {
    let site = Site::new().await;
    let post = async |identifier: &str, password: &str| {
        Browser::default().post(&site, "/login", &[("identifier", identifier), ("password", password)]).await
    };
    says(&post(" ", PASSWORD).await, 400, "login-identifier", "Enter your username or e-mail");
    says(&post("kim", "").await, 400, "login-password", "Enter the password");
    assert!(site.audit(AuditKind::LoginFailed).await.is_empty());
}

#[tokio::test]
async fn who_guesses_too_often_is_told_how_long_to_wait() {
    let site = Site::with(|config| config.rate_limit.enabled = true).await;
    Browser::signed_up(&site, "kim").await;
    let guess = async |password: &str| {
        Browser::default().post(&site, "/login", &[("identifier", "kim"), ("password", password)]).await
    };
    for _ in 0..10 {
        assert_eq!(guess(OTHER_PASSWORD).await.status, 401);
    }
    let answer = guess(PASSWORD).await;
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert_eq!((answer.status, (1..=10).contains(&wait)), (429, true));
    assert!(html(&answer).contains(&format!("data-wait>Too many attempts. Try again in {wait} s.")), "{answer:?}");
}

#[tokio::test]
async fn a_form_of_another_site_has_no_effect() {
    let site = Site::with(|config| config.server.cors_origins = List(vec!["https://app.example".to_owned()])).await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let login = form(&[("identifier", "kim"), ("password", PASSWORD)]);
    let signup = form(&[("username", "eve"), ("password", PASSWORD)]);
    let delete = form(&[("action", "delete"), ("current_password", PASSWORD)]);
    let out = form(&[("action", "log_out")]);
    let host = ("host", "auth.example");
    for (path, body) in [("/login", &login), ("/signup", &signup), ("/account", &delete), ("/account", &out)] {
        for from in [
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://other.auth.example")],
            &[("origin", "https://evil.example"), host],
            &[("origin", "null"), host],
            &[("origin", "https://auth.example.evil.example"), host],
            // May call with a cookie, and still can't send our forms for someone.
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
            &[("sec-fetch-site", "nonsense")],
        ] {
            for browser in [&mut kim, &mut Browser::default()] {
                let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
                for (name, value) in from {
                    request = request.header(*name, *value);
                }
                let answer = browser.send_raw(&site, request, body.clone()).await;
                assert_eq!((answer.status, answer.headers.contains_key("set-cookie")), (403, false), "{path} {from:?}");
                assert!(html(&answer).contains("This was not sent from here"), "{answer:?}");
            }
        }
    }
    assert!(kim.is_logged_in(&site).await);
    assert_eq!((site.audit(AuditKind::LoggedIn).await.len(), site.audit(AuditKind::UserCreated).await.len()), (0, 1));
}

#[tokio::test]
async fn a_form_of_this_origin_is_taken_also_from_a_browser_that_says_little() {
    let site = Site::new().await;
    Browser::signed_up(&site, "kim").await;
    let body = form(&[("identifier", "kim"), ("password", PASSWORD)]);
    for from in [&[("origin", "http://auth.example"), ("host", "auth.example")][..], &[("sec-fetch-site", "none")], &[]]
    {
        let mut request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in from {
            request = request.header(*name, *value);
        }
        assert_eq!(Browser::default().send_raw(&site, request, body.clone()).await.status, 303, "{from:?}");
    }
}

/// It has no `Host` header: the name is in the request's own address.
#[tokio::test]
async fn over_http_2_a_form_comes_from_the_origin_that_it_names() {
    let site = Site::new().await;
    Browser::signed_up(&site, "kim").await;
    let body = form(&[("identifier", "kim"), ("password", PASSWORD)]);
    for (origin, status) in [
        ("https://auth.example", 303),
        ("null", 403),
        ("", 403),
        ("https://evil.example", 403),
        ("https://auth.example:8443", 403),
    ] {
        let request = Request::post("https://auth.example/login").version(Version::HTTP_2);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("origin", origin);
        let answer = Browser::default().send_raw(&site, request, body.clone()).await;
        assert_eq!((answer.status, answer.headers.contains_key("set-cookie")), (status, status == 303), "{origin}");
    }
}

#[tokio::test]
async fn what_no_form_of_ours_sends_is_refused() {
    let site = Site::new().await;
    let good = form(&[("identifier", "kim"), ("password", PASSWORD)]);
    let urlencoded = "application/x-www-form-urlencoded";
    for (kind, body) in [
        ("text/plain", good.clone()),
        ("multipart/form-data; boundary=x", good.clone()),
        ("application/json", "{\"identifier\":\"kim\",\"password\":\"x\"}".to_owned()),
        ("", good.clone()),
        (urlencoded, String::new()),
        (urlencoded, format!("{good}&identifier=lee")),
        (urlencoded, format!("{good}&other=1")),
        (urlencoded, "identifier=kim&password=%ff".to_owned()),
        (urlencoded, "identifier[]=kim&password=x".to_owned()),
    ] {
        let request = Request::post("/login").header("content-type", kind).header("sec-fetch-site", "same-origin");
        let answer = Browser::default().send_raw(&site, request, body.clone()).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, "text/html; charset=utf-8"), "{kind} {body}");
    }
    let huge = format!("{good}{}", "a".repeat(70_000));
    assert_eq!(Browser::default().send(&site, Method::POST, "/login", "same-origin", huge).await.status, 413);
}

#[tokio::test]
async fn a_log_in_leads_back_to_where_it_may() {
    let site = Site::with(|config| config.server.cors_origins = List(vec!["https://app.example".to_owned()])).await;
    Browser::signed_up(&site, "kim").await;
    for (asked, location) in [
        ("/orders/7?page=2#row", "/orders/7?page=2#row"),
        ("https://app.example/start", "https://app.example/start"),
        ("", "/account"),
        ("https://evil.example/", "/account"),
        ("//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("/%2fevil.example", "/account"),
        ("/..//evil.example", "/account"),
        ("/\t/evil.example", "/account"),
        ("/\r\nSet-Cookie: a=b", "/account"),
        ("javascript:alert(1)", "/account"),
        ("https://app.example.evil.example/", "/account"),
        ("https://app.example@evil.example/", "/account"),
    ] {
        let mut browser = Browser::default();
        let page = browser.get(&site, &format!("/login?{}", form(&[("return_to", asked)]))).await;
        let kept = if location == "/account" { "" } else { location };
        assert!(html(&page).contains(&format!("name=\"return_to\" value=\"{kept}\"")), "{asked:?}: {page:?}");
        // A form may have been altered on the way.
        let fields = [("identifier", "kim"), ("password", PASSWORD), ("return_to", asked)];
        let answer = browser.post(&site, "/login", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{asked:?}");
    }
    let page = Browser::default().get(&site, "/login?return_to=/orders").await;
    assert!(html(&page).contains("/signup?return_to=%2Forders"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
    let signup = [("username", "lee"), ("password", PASSWORD), ("return_to", "/orders")];
    assert_eq!(Browser::default().post(&site, "/signup", &signup).await.header("location"), "/orders");
}

#[tokio::test]
async fn a_log_in_never_goes_on_with_a_planted_cookie() {
    let site = Site::new().await;
    let mut eve = Browser::signed_up(&site, "eve").await;
    Browser::signed_up(&site, "kim").await;
    let mut kim = Browser::default();
    kim.keep("tokenry", eve.cookie("tokenry").unwrap());
    let known = kim.get(&site, "/login").await;
    assert!(html(&known).contains("<b>eve</b>"), "{known:?}");
    let answer = kim.post(&site, "/login", &[("identifier", "kim"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    assert_ne!(kim.cookie("tokenry"), eve.cookie("tokenry"));
    assert!(kim.is_logged_in(&site).await && !eve.is_logged_in(&site).await);
}

#[tokio::test]
async fn a_cookie_that_is_worth_nothing_locks_no_one_out() {
    let site = Site::new().await;
    Browser::signed_up(&site, "kim").await;
    for junk in ["x", &"A".repeat(64)] {
        let mut kim = Browser::default();
        kim.keep("tokenry", junk);
        let answer = kim.get(&site, "/account").await;
        assert_eq!((answer.status, answer.header("location")), (303, "/login?return_to=/account&notice=ended"));
        assert_eq!(kim.cookie("tokenry"), None);
        kim.keep("tokenry", junk);
        let answer = kim.post(&site, "/login", &[("identifier", "kim"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{junk}");
        assert!(kim.is_logged_in(&site).await);
    }
}
