//! Guesses, sign-ups, and where they come from.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tokenry::config::Networks;

use crate::app::harness::{Answer, OTHER_PASSWORD, PASSWORD, Site};

async fn limited() -> Site {
    Site::with(|config| config.rate_limit.enabled = true).await
}

async fn behind_a_proxy() -> Site {
    let trusted: Networks = serde_json::from_str(r#""10.0.0.0/8""#).unwrap();
    Site::with(|config| {
        config.rate_limit.enabled = true;
        config.server.trusted_proxies = trusted;
    })
    .await
}

/// Logs in from a peer, with what it says of whom it stands for.
async fn login(site: &Site, identifier: &str, password: &str, peer: &str, forwarded: Option<&str>) -> Answer {
    let mut request = Request::post("/v1/login").header("content-type", "application/json");
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    site.send_from(peer, request.body(Body::from(body)).unwrap()).await
}

/// Uses up what one address may guess at one account.
async fn guess_ten_times(site: &Site, peer: &str, forwarded: Option<&str>) {
    for _ in 0..10 {
        login(site, "kim", OTHER_PASSWORD, peer, forwarded).await.is_problem(401, "invalid_credentials");
    }
    let answer = login(site, "kim", PASSWORD, peer, forwarded).await;
    answer.is_problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
}

#[tokio::test]
async fn guesses_of_one_address_at_one_account_are_throttled_in_any_spelling() {
    let site = limited().await;
    site.signup("kim").await;
    let lee = site.signup("lee").await;
    guess_ten_times(&site, "192.0.2.1:1", None).await;
    for spelling in ["KIM", " kim", "ｋim"] {
        login(&site, spelling, PASSWORD, "192.0.2.1:2", None).await.is_problem(429, "rate_limited");
    }
    // Neither another account nor another address is shut out, nor who is logged in.
    assert_eq!(login(&site, "lee", PASSWORD, "192.0.2.1:3", None).await.status, 200);
    assert_eq!(login(&site, "kim", PASSWORD, "192.0.2.2:1", None).await.status, 200);
    site.accepts(&lee).await;
    assert_eq!(site.refresh(&lee.refresh).await.status, 200);
}

#[tokio::test]
async fn an_unknown_account_is_throttled_like_a_known_one() {
    let site = limited().await;
    guess_ten_times(&site, "192.0.2.1:1", None).await;
}

#[tokio::test]
async fn guesses_from_many_addresses_share_the_accounts_bucket() {
    let site = limited().await;
    site.signup("kim").await;
    for address in 0..50 {
        let answer = login(&site, "kim", OTHER_PASSWORD, &format!("192.0.2.{address}:1"), None).await;
        answer.is_problem(401, "invalid_credentials");
    }
    login(&site, "kim", PASSWORD, "198.51.100.1:1", None).await.is_problem(429, "rate_limited");
}

#[tokio::test]
async fn one_network_of_ipv6_counts_as_one_address() {
    let site = limited().await;
    site.signup("kim").await;
    for host in 0..10 {
        let answer = login(&site, "kim", OTHER_PASSWORD, &format!("[2001:db8::{host:x}]:1"), None).await;
        answer.is_problem(401, "invalid_credentials");
    }
    login(&site, "kim", PASSWORD, "[2001:db8::ffff]:1", None).await.is_problem(429, "rate_limited");
    assert_eq!(login(&site, "kim", PASSWORD, "[2001:db8:0:1::1]:1", None).await.status, 200);
}

#[tokio::test]
async fn sign_ups_of_one_address_are_throttled() {
    let site = limited().await;
    let mut answers = Vec::new();
    for _ in 0..101 {
        answers.push(site.try_signup("").await);
    }
    assert!(answers[..100].iter().all(|answer| answer.status == 400));
    answers[100].is_problem(429, "rate_limited");
}

#[tokio::test]
async fn a_client_that_lies_about_its_address_is_not_believed() {
    let site = limited().await;
    site.signup("kim").await;
    for number in 0..10 {
        let lie = format!("203.0.113.{number}");
        let answer = login(&site, "kim", OTHER_PASSWORD, "192.0.2.1:1", Some(&lie)).await;
        answer.is_problem(401, "invalid_credentials");
    }
    login(&site, "kim", PASSWORD, "192.0.2.1:1", Some("203.0.113.99")).await.is_problem(429, "rate_limited");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_whom_it_spoke_to_alone() {
    let site = behind_a_proxy().await;
    site.signup("kim").await;
    guess_ten_times(&site, "10.0.0.1:1", Some("198.51.100.7")).await;
    // What the client itself wrote stands further to the left.
    let lie = "203.0.113.1, 198.51.100.7";
    login(&site, "kim", PASSWORD, "10.0.0.1:1", Some(lie)).await.is_problem(429, "rate_limited");
    let other = login(&site, "kim", PASSWORD, "10.0.0.1:1", Some("198.51.100.8, 10.0.0.2")).await;
    assert_eq!(other.status, 200);
    let sessions = site.get(&other.pair(), "/v1/sessions").await.body;
    let current = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    assert_eq!(current["address"], "198.51.100.8");
}

/// Names may look like anything, and everyone who gets a user's token knows the user's id.
#[tokio::test]
async fn whoever_guesses_at_a_users_id_keeps_no_one_from_confirming_a_password() {
    let site = limited().await;
    let kim = site.signup("kim").await;
    let id = site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    for network in 0..6 {
        for _ in 0..10 {
            login(&site, &id, OTHER_PASSWORD, &format!("192.0.{network}.1:1"), None).await;
        }
    }
    login(&site, &id, OTHER_PASSWORD, "192.0.9.1:1", None).await.is_problem(429, "rate_limited");
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(&kim, "/v1/password", change).await.is_done();
}

#[tokio::test]
async fn whether_a_name_is_taken_is_told_so_often_and_no_more() {
    let site = limited().await;
    site.signup("lee").await;
    let kim = site.signup("kim").await;
    for _ in 0..98 {
        site.patch(&kim, "/v1/me", json!({ "username": "lee" })).await.is_problem(409, "account_exists");
    }
    site.patch(&kim, "/v1/me", json!({ "email": "kim@example.com" })).await.is_problem(429, "rate_limited");
}
