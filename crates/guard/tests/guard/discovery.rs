//! Finding the issuer, and not finding another one.

use std::time::Duration;

use serde_json::json;
use tokenry_guard::{ConnectError, Guard};

use super::issuer::{Canned, FakeIssuer, until};

#[tokio::test]
async fn an_issuer_that_can_never_be_trusted_is_refused_at_once() {
    for issuer in ["http://auth.example.com", "ftp://127.0.0.1", "auth.example.com", "", "https://a.example/?x"] {
        assert!(matches!(Guard::connect(issuer, "orders").await, Err(ConnectError::Issuer(_))), "{issuer}");
    }
    assert!(matches!(Guard::connect("https://auth.example.com", "").await, Err(ConnectError::Audience)));
    let builder = Guard::builder("https://auth.example.com", "orders");
    assert!(matches!(builder.leeway(61).connect().await, Err(ConnectError::Keys(_))));
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let connecting = Guard::connect("https://auth.example.com", "orders");
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::pin!(connecting).poll(&mut context);
    assert!(matches!(polled, std::task::Poll::Ready(Err(ConnectError::NoRuntime))));
}

#[tokio::test]
async fn metadata_that_points_elsewhere_is_not_believed() {
    let issuer = FakeIssuer::start().await;
    let attacker = FakeIssuer::start().await;
    let with = |name: &str, value: serde_json::Value| {
        let mut metadata = issuer.metadata();
        metadata[name] = value;
        metadata
    };
    let https = issuer.name.replace("http", "https");
    let cases = [
        with("issuer", json!(format!("{}/", issuer.name))),
        with("issuer", json!(attacker.name)),
        with("issuer", json!(issuer.name.replace("127.0.0.1", "localhost"))),
        with("issuer", json!(null)),
        with("jwks_uri", json!(format!("{}/jwks", attacker.name))),
        with("jwks_uri", json!(format!("{https}/jwks"))),
        with("jwks_uri", json!(format!("http://x@{}/jwks", &issuer.name[7..]))),
        with("jwks_uri", json!("/jwks")),
        with("jwks_uri", json!("file:///etc/passwd")),
        with("tokenry_revocations_endpoint", json!(format!("{}/feed", attacker.name))),
        with("more", json!("a".repeat(70_000))),
        json!([]),
    ];
    for metadata in cases {
        issuer.set_metadata(&metadata);
        let guard = issuer.builder().connect().await.unwrap();
        assert_eq!(guard.verify(&issuer.token("kim")).await.unwrap_err().code(), "unavailable", "{metadata}");
        assert!(guard.status().keys_error.is_some());
    }
    issuer.set_metadata_answer(Canned {
        status: 302,
        headers: vec![("location", format!("{}/.well-known/oauth-authorization-server", attacker.name))],
        ..Canned::default()
    });
    let guard = issuer.builder().connect().await.unwrap();
    assert!(guard.status().keys_error.unwrap().contains("302"));
    let twice =
        format!(r#"{{"issuer":"{0}","jwks_uri":"{1}/jwks","jwks_uri":"{0}/jwks"}}"#, issuer.name, attacker.name);
    issuer.set_metadata_answer(Canned { body: twice.into_bytes(), ..Canned::default() });
    assert_eq!(issuer.builder().connect().await.unwrap().status().keys, 0);
    assert_eq!((attacker.jwks_fetches(), attacker.snapshots(), issuer.jwks_fetches()), (0, 0, 0));
}

#[tokio::test]
async fn a_guard_that_began_cold_gets_ready_by_itself() {
    let issuer = FakeIssuer::start().await;
    issuer.set_metadata_answer(Canned { status: 503, ..Canned::default() });
    let guard = issuer.builder().connect().await.unwrap();
    assert!(!guard.is_ready());
    issuer.set_metadata(&issuer.metadata());
    tokio::time::timeout(Duration::from_secs(30), guard.ready()).await.unwrap();
    assert!(guard.verify(&issuer.token("kim")).await.is_ok());
    assert_eq!((guard.status().keys_error, guard.status().feed_error), (None, None));
}

#[tokio::test]
async fn an_issuer_without_a_feed_is_an_issuer_all_the_same() {
    let issuer = FakeIssuer::start().await;
    issuer.set_metadata(&json!({ "issuer": issuer.name, "jwks_uri": format!("{}/jwks", issuer.name) }));
    let guard = issuer.builder().without_feed().connect().await.unwrap();
    assert!(guard.is_ready() && guard.verify(&issuer.token("kim")).await.is_ok());
    assert_eq!(issuer.snapshots(), 0);
}

#[tokio::test]
async fn nothing_goes_on_after_the_last_clone_is_gone() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let layer = guard.layer();
    drop(guard);
    issuer.beat();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(issuer.listeners(), 1);
    drop(layer);
    until(|| {
        issuer.beat();
        issuer.listeners() == 0
    })
    .await;
}
