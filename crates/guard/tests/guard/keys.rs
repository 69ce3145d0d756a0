//! The issuer's keys: rotation, floods, and what is no key set to trust.

use std::time::Duration;

use serde_json::json;
use tokenry_guard::Freshness;
use tokenry_guard::jwt::{Algorithm, SigningKey};

use super::issuer::{Canned, FakeIssuer, until};
use super::service::{get, service};

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa).unwrap()
}

#[tokio::test]
async fn rotation_is_followed_without_a_failed_request() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let service = service(&guard);
    let next = key();
    issuer.publish(&[&issuer.key, &next]);
    let (old, new) = (issuer.token("kim"), issuer.token_of(&next, "lee"));
    let many = (0..100).map(|number| {
        let (service, token) = (service.clone(), if number % 2 == 0 { old.clone() } else { new.clone() });
        tokio::spawn(async move { get(&service, "/orders", Some(&token)).await.status })
    });
    for answer in many.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(issuer.jwks_fetches(), 2);
}

#[tokio::test]
async fn ten_thousand_unknown_keys_cost_one_fetch_and_slow_nobody() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let service = service(&guard);
    let stranger = key();
    let mut answer = Canned { delay: Duration::from_millis(500), ..Canned::default() };
    answer.body = json!({ "keys": [issuer.key.public_jwk()] }).to_string().into_bytes();
    issuer.set_jwks(answer);
    let flood = (0..10_000).map(|number| {
        let key = SigningKey::from_bytes(Algorithm::EdDsa, &stranger.to_bytes()).unwrap();
        let token = issuer.token_of(&key.with_key_id(format!("unknown {number}")), "kim");
        let service = service.clone();
        tokio::spawn(async move { get(&service, "/orders", Some(&token)).await.status })
    });
    let flood: Vec<_> = flood.collect();
    until(|| issuer.jwks_fetches() == 2).await;
    // The fetch is under way: known keys do not wait for it.
    assert!(guard.verify_now(&issuer.token("kim")).is_ok());
    get(&service, "/orders", Some(&issuer.token("lee"))).await.is_hello("lee");
    for answer in flood {
        assert_eq!(answer.await.unwrap(), 401);
    }
    assert_eq!(issuer.jwks_fetches(), 2);
    // From now on, nothing is waited for until the interval is over.
    let started = std::time::Instant::now();
    for number in 0..100 {
        let key = key().with_key_id(format!("again {number}"));
        get(&service, "/orders", Some(&issuer.token_of(&key, "kim"))).await.is_problem(401, "token_invalid");
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(issuer.jwks_fetches(), 2);
    issuer.publish(&[&issuer.key, &stranger]);
    issuer.clock.pass(Duration::from_secs(10));
    get(&service, "/orders", Some(&issuer.token_of(&stranger, "kim"))).await.is_hello("kim");
    assert_eq!(issuer.jwks_fetches(), 3);
}

#[tokio::test]
async fn a_stranger_who_uses_up_the_fetches_does_not_delay_the_feed() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    assert!(guard.verify(&issuer.token_of(&key(), "kim")).await.is_err());
    assert_eq!(issuer.jwks_fetches(), 2);
    let next = key();
    issuer.publish(&[&next]);
    issuer.say(&super::issuer::event("heartbeat", &issuer.statement_by(&next, super::issuer::START + 1)));
    until(|| issuer.jwks_fetches() == 3).await;
    until(|| guard.verify_now(&issuer.token_of(&next, "kim")).is_ok()).await;
}

#[tokio::test]
async fn a_key_that_is_gone_takes_its_tokens_out_of_the_cache() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let token = issuer.token("kim");
    for _ in 0..3 {
        assert!(guard.verify(&token).await.is_ok());
    }
    assert_eq!(guard.metrics().cache_hits, 2);
    let next = key();
    issuer.publish(&[&next]);
    assert!(guard.verify(&issuer.token_of(&next, "kim")).await.is_ok());
    assert_eq!(guard.verify(&token).await.unwrap_err().code(), "token_invalid");
    // Another key under the old name is not the old key.
    issuer.clock.pass(Duration::from_secs(11));
    issuer.publish(&[&key().with_key_id(issuer.key.key_id())]);
    assert_eq!(guard.verify(&token).await.unwrap_err().reason(), "signature");
}

#[tokio::test]
async fn sets_that_are_not_to_be_trusted_are_refused_and_known_keys_stay() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let (token, other) = (issuer.token("kim"), key());
    let jwk = |key: &SigningKey| json!(key.public_jwk());
    let twice = other.verifying_key().with_key_id(issuer.key.key_id()).to_jwk();
    let weak = json!({ "kty": "RSA", "kid": "weak", "alg": "RS256", "e": "AQAB", "n": "u".repeat(171) });
    let secret = json!({ "kty": "oct", "kid": "secret", "alg": "HS256", "k": "A".repeat(43) });
    let mut redirect = Canned { status: 302, ..Canned::default() };
    redirect.headers.push(("location", format!("{}/elsewhere", issuer.name)));
    redirect.body = json!({ "keys": [jwk(&other)] }).to_string().into_bytes();
    let cases: Vec<Canned> = vec![
        (&json!({ "keys": [jwk(&issuer.key), json!(twice)] })).into(),
        (&json!({ "keys": [weak] })).into(),
        (&json!({ "keys": [secret] })).into(),
        (&json!({ "keys": [] })).into(),
        (&json!({ "keys": "x" })).into(),
        Canned { body: format!("{{\"keys\":[],\"a\":\"{}\"}}", "a".repeat(300_000)).into_bytes(), ..Canned::default() },
        Canned { body: b"\xff\xfe".to_vec(), ..Canned::default() },
        Canned { body: b"<html>".to_vec(), ..Canned::default() },
        Canned { status: 500, ..Canned::default() },
        Canned { status: 204, ..Canned::default() },
        redirect,
    ];
    for case in cases {
        let text =
            format!("{} {}", case.status, String::from_utf8_lossy(&case.body).chars().take(100).collect::<String>());
        issuer.set_jwks(case);
        issuer.clock.pass(Duration::from_secs(11));
        let failed = guard.metrics().key_fetches_failed;
        assert!(guard.verify(&issuer.token_of(&other, "kim")).await.is_err(), "{text}");
        assert!(guard.metrics().key_fetches_failed > failed, "{text}");
        assert!(guard.status().keys_error.is_some(), "{text}");
        assert!(guard.verify(&token).await.is_ok(), "{text}");
        assert_eq!(guard.status().keys, 1, "{text}");
    }
}

#[tokio::test]
async fn a_weak_key_among_good_ones_is_not_used() {
    let issuer = FakeIssuer::start().await;
    let weak = json!({ "kty": "RSA", "kid": "weak", "alg": "RS256", "e": "AQAB", "n": "u".repeat(171) });
    issuer.set_jwks((&json!({ "keys": [weak, issuer.key.public_jwk()] })).into());
    let guard = issuer.guard().await;
    assert_eq!(guard.status().keys, 1);
    assert!(guard.verify(&issuer.token("kim")).await.is_ok());
}

#[tokio::test]
async fn a_slow_issuer_is_not_waited_for_longer_than_asked() {
    let issuer = FakeIssuer::start().await;
    issuer.set_jwks(Canned { delay: Duration::from_secs(60), ..Canned::default() });
    let started = std::time::Instant::now();
    let guard = issuer.builder().patience(Duration::from_millis(200)).connect().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(guard.verify_now(&issuer.token("kim")).unwrap_err().code(), "unavailable");
    assert_eq!((guard.is_ready(), guard.status().freshness), (false, Freshness::Cold));
}

#[tokio::test]
async fn an_issuer_that_is_down_for_an_hour_fails_no_verification() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let service = service(&guard);
    issuer.stop();
    for minute in 0..60 {
        issuer.clock.pass(Duration::from_secs(60));
        let token = issuer.token(&format!("kim {minute}"));
        get(&service, "/orders", Some(&token)).await.is_hello(&format!("kim {minute}"));
        get(&service, "/orders", Some(&token)).await.is_hello(&format!("kim {minute}"));
    }
    assert_eq!(guard.status().freshness, Freshness::Stale);
    assert_eq!((guard.metrics().accepted, guard.metrics().cache_hits), (120, 60));
}

#[tokio::test]
async fn a_service_starts_without_its_issuer_from_the_keys_in_a_file() {
    let issuer = FakeIssuer::start().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.json");
    let guard = issuer.builder().keys_file(&file).connect().await.unwrap();
    until(|| file.exists()).await;
    drop(guard);
    issuer.stop();
    let restarted = issuer.builder().keys_file(&file).patience(Duration::from_millis(500)).connect().await.unwrap();
    assert_eq!((restarted.status().keys, restarted.status().freshness), (1, Freshness::Cold));
    assert!(restarted.verify(&issuer.token("kim")).await.is_ok());
    // The keys of another issuer, half a file, and no file, are no keys.
    let text = std::fs::read_to_string(&file).unwrap();
    let files = [text.replace("127.0.0.1", "127.0.0.2"), text[..text.len() / 2].to_owned(), "a".repeat(1 << 20)];
    for content in files {
        std::fs::write(&file, content).unwrap();
        let guard = issuer.builder().keys_file(&file).patience(Duration::from_millis(100)).connect().await.unwrap();
        assert_eq!(guard.verify(&issuer.token("kim")).await.unwrap_err().code(), "unavailable");
    }
}
