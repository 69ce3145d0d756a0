//! Many at once, and some who hang up.

use std::time::Duration;

use serde_json::json;
use tokenry_guard::jwt::{Algorithm, SigningKey};

use super::issuer::{Canned, FakeIssuer, until};
use super::service::{get, service};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_guard_cloned_into_ten_thousand_tasks() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let tokens: Vec<_> = (0..100).map(|user| issuer.token(&format!("user {user}"))).collect();
    let tasks: Vec<_> = (0..10_000)
        .map(|number| {
            let (guard, token) = (guard.clone(), tokens[number % 100].clone());
            tokio::spawn(async move { guard.verify(&token).await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(guard.metrics().accepted, 10_000);
    assert_eq!((issuer.jwks_fetches(), issuer.snapshots()), (1, 1));
    issuer.revoke("sid", "sid of user 7");
    until(|| guard.verify_now(&tokens[7]).is_err()).await;
}

#[tokio::test]
async fn requests_that_are_cancelled_while_they_wait_for_a_key_harm_nobody() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let service = service(&guard);
    let next = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let set = json!({ "keys": [issuer.key.public_jwk(), next.public_jwk()] });
    issuer.set_jwks(Canned { delay: Duration::from_millis(300), ..(&set).into() });
    let token = issuer.token_of(&next, "kim");
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (service, token) = (service.clone(), token.clone());
            tokio::spawn(async move { get(&service, "/orders", Some(&token)).await.status })
        })
        .collect();
    until(|| issuer.jwks_fetches() == 2).await;
    for request in waiting.iter().take(49) {
        request.abort();
    }
    // The fetch goes on without those who asked for it.
    let mut statuses = Vec::new();
    for request in waiting {
        statuses.extend(request.await);
    }
    assert_eq!(statuses.last(), Some(&200));
    get(&service, "/orders", Some(&token)).await.is_hello("kim");
    assert_eq!(issuer.jwks_fetches(), 2);
}

#[tokio::test]
async fn a_verification_that_never_waits_asks_in_the_background() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let next = SigningKey::generate(Algorithm::EdDsa).unwrap();
    issuer.publish(&[&issuer.key, &next]);
    let token = issuer.token_of(&next, "kim");
    assert_eq!(guard.verify_now(&token).unwrap_err().reason(), "unknown_key");
    until(|| guard.verify_now(&token).is_ok()).await;
}
