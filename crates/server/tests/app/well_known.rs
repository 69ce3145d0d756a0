//! `/.well-known/`, and what operators and readers ask for.

use serde_json::{Value, json};
use tokenry::config::Span;
use tokenry_jwt::{Algorithm, JwkSet, KeySet, Verifier};

use crate::app::harness::{Anonymous, START, Site};

#[tokio::test]
async fn a_service_verifies_with_the_key_set_alone() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let site = Site::with(|config| config.token.algorithm = algorithm).await;
        let kim = site.signup("kim").await;
        let answer = site.get(&Anonymous, "/.well-known/jwks.json").await;
        assert_eq!(answer.header("content-type"), "application/jwk-set+json");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let keys = KeySet::from(serde_json::from_value::<JwkSet>(answer.body).unwrap());
        let verifier = Verifier::new("http://127.0.0.1:7519", ["http://127.0.0.1:7519"]);
        let claims = verifier.verify(&kim.access, &keys, START).unwrap();
        assert_eq!(claims.session_id(), Some(kim.session.as_str()));
        verifier.verify(&kim.access, &keys, START + 3600).unwrap_err();
        verifier.verify(&kim.refresh, &keys, START).unwrap_err();
    }
}

#[tokio::test]
async fn no_private_and_no_refresh_key_is_published() {
    let site = Site::new().await;
    let keys = site.get(&Anonymous, "/.well-known/jwks.json").await.body["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    let private = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];
    assert!(keys.iter().all(|key| key["kty"] == "OKP" && private.iter().all(|name| key.get(name).is_none())));
    let shared = Site::with(|config| config.token.algorithm = Algorithm::Hs256).await;
    assert_eq!(shared.get(&Anonymous, "/.well-known/jwks.json").await.body, json!({ "keys": [] }));
    shared.accepts(&shared.signup("kim").await).await;
}

#[tokio::test]
async fn the_metadata_names_the_endpoints_of_the_issuer() {
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com/base".to_owned())).await;
    let metadata = site.get(&Anonymous, "/.well-known/oauth-authorization-server").await.body;
    assert_eq!(metadata["issuer"], "https://auth.example.com/base");
    for (name, path) in [
        ("jwks_uri", "/.well-known/jwks.json"),
        ("introspection_endpoint", "/v1/introspect"),
        ("tokenry_revocations_endpoint", "/v1/revocations"),
    ] {
        assert_eq!(metadata[name], format!("https://auth.example.com/base{path}"));
    }
    assert_eq!(metadata["response_types_supported"], json!([]));
}

#[tokio::test]
async fn claims_come_from_the_users_record() {
    let claims = [("username", "username"), ("https://localhost:8000/user/is_admin", "role:admin")];
    let claims = claims.map(|(name, source)| (name.to_owned(), source.to_owned())).into();
    let site = Site::with(|config| {
        config.token.claims = claims;
        config.token.access_ttl = Span::seconds(60);
    })
    .await;
    let kim = site.signup("kim").await;
    let token = tokenry_jwt::Unverified::parse(&kim.access).unwrap();
    let claims = token.insecure_claims();
    assert_eq!((&claims["username"], &claims["https://localhost:8000/user/is_admin"]), (&json!("kim"), &json!(false)));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(START), &json!(START + 60)));
    assert_eq!(claims["sid"], kim.session);
    assert_eq!(token.insecure_header()["typ"], "at+jwt");
}

#[tokio::test]
async fn health_readiness_and_metrics_answer() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.refresh).await.pair();
    assert_eq!(site.get(&Anonymous, "/healthz").await.body, "ok\n");
    assert_eq!(site.get(&Anonymous, "/readyz").await.body, "ready\n");
    let metrics = site.get(&Anonymous, "/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let Value::String(text) = metrics.body else { panic!("{:?}", metrics.body) };
    for line in ["tokenry_signups_total 1", "tokenry_refreshes_total{outcome=\"rotate\"} 1", "route=\"/v1/signup\""] {
        assert!(text.contains(line), "{line} in {text}");
    }
    // A path that a stranger makes up is no label.
    site.get(&Anonymous, "/made-up-by-a-stranger").await;
    assert!(!site.get(&Anonymous, "/metrics").await.body.as_str().unwrap().contains("made-up"));
}

#[tokio::test]
async fn metrics_with_an_address_of_their_own_are_not_here() {
    let site = Site::with(|config| config.metrics.listen = Some("127.0.0.1:9100".parse().unwrap())).await;
    site.get(&Anonymous, "/metrics").await.is_problem(404, "not_found");
}
