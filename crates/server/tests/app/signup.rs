//! `POST /v1/signup`.

use serde_json::{Value, json};
use tokenry::config::List;

use crate::app::harness::{Anonymous, Answer, PASSWORD, Site};

async fn signup(site: &Site, body: Value) -> Answer {
    site.post(&Anonymous, "/v1/signup", body).await
}

#[tokio::test]
async fn a_username_an_email_or_both_make_an_account() {
    let site = Site::new().await;
    for (body, names) in [
        (json!({ "username": "kim" }), ["kim"].as_slice()),
        (json!({ "email": "lee@example.com" }), &["lee@example.com"]),
        (json!({ "username": "park", "email": "park@example.com" }), &["park", "park@example.com"]),
        (json!({ "username": "김알로", "email": null }), &["김알로"]),
    ] {
        let mut body = body;
        body["password"] = PASSWORD.into();
        let answer = signup(&site, body.clone()).await;
        assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{answer:?}");
        let user = &answer.body["user"];
        assert_eq!(user["username"], body["username"]);
        assert_eq!(user["email"], body["email"]);
        assert_eq!((&user["email_verified"], &user["roles"]), (&json!(false), &json!([])));
        assert!(!answer.body.to_string().contains("argon2"));
        site.accepts(&answer.pair()).await;
        for name in names {
            site.login(name).await;
        }
    }
}

#[tokio::test]
async fn names_that_differ_only_in_case_or_unicode_form_are_one() {
    let site = Site::new().await;
    site.signup("Straße").await;
    site.signup("Am\u{e9}lie").await;
    for name in ["straße", "STRASSE", "ｓtraße", "Ame\u{301}lie", "AM\u{c9}LIE"] {
        let answer = site.try_signup(name).await;
        answer.is_problem(409, "account_exists");
        site.login(name).await;
    }
    let email = json!({ "email": "Kim@Example.com", "password": PASSWORD });
    assert_eq!(signup(&site, email).await.status, 201);
    let again = json!({ "username": "kim", "email": "kim@example.COM", "password": PASSWORD });
    signup(&site, again).await.is_problem(409, "account_exists");
    site.login("KIM@example.com").await;
    // The refused sign-up left no account behind.
    assert_eq!(site.try_signup("kim").await.status, 201);
}

#[tokio::test]
async fn names_that_deceive_are_refused() {
    let site = Site::new().await;
    for name in ["", "ki\u{200b}m", "ki\u{202e}m", "ki\nm", "ki\0m", "a b", &"k".repeat(300)] {
        let answer = signup(&site, json!({ "username": name, "password": PASSWORD })).await;
        answer.is_invalid_at("/username");
    }
    for email in ["", "kim", "@example.com", "kim@", "k\u{200b}im@example.com", "a@b@c", "kim@exa mple.com"] {
        let answer = signup(&site, json!({ "email": email, "password": PASSWORD })).await;
        answer.is_invalid_at("/email");
    }
    signup(&site, json!({ "password": PASSWORD })).await.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_weak_password_is_refused_with_advice() {
    let site = Site::new().await;
    for password in ["", "short", "password", "12345678", "kimalo12", "correct\u{7}horse battery"] {
        let answer = signup(&site, json!({ "username": "kimalo", "password": password })).await;
        match password {
            "" => answer.is_invalid_at("/password"),
            _ => answer.is_problem(422, "weak_password"),
        }
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.len() > 20, "{detail}");
    }
    assert_eq!(site.try_signup("kimalo").await.status, 201);
}

#[tokio::test]
async fn a_password_has_at_most_1024_bytes() {
    let site = Site::new().await;
    let varied = |length: usize| "correct horse battery staple ".chars().cycle().take(length).collect::<String>();
    let longest = json!({ "username": "kim", "password": varied(1024) });
    assert_eq!(signup(&site, longest).await.status, 201);
    assert_eq!(site.try_login("kim", &varied(1024)).await.status, 200);
    let longer = json!({ "username": "lee", "password": varied(1025) });
    signup(&site, longer).await.is_invalid_at("/password");
    site.try_login("kim", &varied(1025)).await.is_invalid_at("/password");
}

#[tokio::test]
async fn a_password_typed_in_another_unicode_form_is_the_same() {
    let site = Site::new().await;
    let composed = json!({ "username": "kim", "password": "caf\u{e9} zebra 비밀번호" });
    assert_eq!(signup(&site, composed).await.status, 201);
    assert_eq!(site.try_login("kim", "cafe\u{301} zebra \u{1107}\u{1175}밀번호").await.status, 200);
}

#[tokio::test]
async fn no_one_signs_up_with_roles_or_attributes() {
    let site = Site::new().await;
    for (name, value) in [("roles", json!(["admin"])), ("attributes", json!({})), ("email_verified", json!(true))] {
        let body = json!({ "username": "kim", "password": PASSWORD, name: value });
        signup(&site, body).await.is_invalid_at(&format!("/{name}"));
    }
}

#[tokio::test]
async fn sign_up_can_be_closed() {
    let site = Site::with(|config| config.signup.mode = List(vec!["closed".to_owned()])).await;
    site.try_signup("kim").await.is_problem(403, "forbidden");
}

#[tokio::test]
async fn sign_up_can_be_limited_to_email_domains() {
    let domains = List(vec!["example.com".to_owned(), "example.org".to_owned()]);
    let site = Site::with(|config| config.signup.mode = domains).await;
    site.try_signup("kim").await.is_invalid_at("/email");
    for email in ["kim@other.example", "kim@example.com.evil.example", "kim@sub.example.com", "kim@notexample.com"] {
        let body = json!({ "email": email, "password": PASSWORD });
        signup(&site, body).await.is_problem(403, "forbidden");
    }
    for email in ["kim@EXAMPLE.com", "kim@example.org"] {
        assert_eq!(signup(&site, json!({ "email": email, "password": PASSWORD })).await.status, 201);
    }
}
