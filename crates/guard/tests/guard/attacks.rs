//! The attacks on tokens, through the layer.

use axum::Router;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use tokenry_guard::Guard;
use tokenry_guard::jwt::{Algorithm, JwkSet, KeySet, SigningKey};
use tokenry_guard::testing::Issuer;

use super::service::{get, service};

async fn refused(service: &Router, token: &str, why: &str) {
    for path in ["/orders", "/"] {
        let answer = get(service, path, Some(token)).await;
        answer.is_problem(401, "token_invalid");
        // The caller learns nothing about why.
        assert_eq!(answer.body["detail"], "the token is not valid here", "{why}");
    }
}

fn encode(part: &Value) -> String {
    BASE64.encode(part.to_string())
}

#[tokio::test]
async fn a_token_that_was_tampered_with_anywhere() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let service = service(&guard);
    let token = issuer.token("kim").sign();
    get(&service, "/orders", Some(&token)).await.is_hello("kim");
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        refused(&service, &tampered, &at.to_string()).await;
    }
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for other in [
        format!("{signed}."),
        signed.to_owned(),
        format!("{token}="),
        format!("{token}.{signature}"),
        format!("{token}A"),
    ] {
        refused(&service, &other, "signature").await;
    }
    assert_eq!(guard.metrics().cached_tokens, 1);
}

#[tokio::test]
async fn every_trick_with_the_algorithm() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    let token = issuer.token("kim").sign();
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES256", "eddsa"] {
        let header = encode(&json!({ "alg": alg, "kid": issuer.key().key_id(), "typ": "at+jwt" }));
        for signature in ["", token.rsplit_once('.').unwrap().1] {
            refused(&service, &format!("{header}.{payload}.{signature}"), alg).await;
        }
    }
    // The public key as the secret of HMAC.
    let public = issuer.key().public_jwk().unwrap();
    let jwks = JwkSet::from_iter([public.clone()]).to_json();
    for secret in [json!(public).to_string(), jwks, json!(public)["x"].as_str().unwrap().to_owned()] {
        let confused = SigningKey::from_secret(Algorithm::Hs256, secret.as_bytes()).unwrap();
        let confused = confused.with_key_id(issuer.key().key_id());
        refused(&service, &issuer.token("kim").sign_with(&confused), "confusion").await;
    }
    // A key that the token brings along.
    let own = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let header = json!({ "alg": "EdDSA", "kid": issuer.key().key_id(), "typ": "at+jwt", "jwk": own.public_jwk() });
    let signed = issuer.token("kim").sign_with(&own);
    refused(&service, &format!("{}.{}", encode(&header), signed.split_once('.').unwrap().1), "jwk").await;
}

#[tokio::test]
async fn a_token_of_another_kind_issuer_or_audience() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    for typ in ["rt+jwt", "otp+jwt", "revocations+jwt", "JWT", ""] {
        refused(&service, &issuer.token("kim").typ(typ).sign(), typ).await;
    }
    for name in ["https://issuer.test/", "https://other.test", ""] {
        refused(&service, &issuer.token("kim").claim("iss", name).sign(), name).await;
    }
    for audience in
        [json!("payments"), json!(["payments", "Orders"]), json!([]), json!(null), json!(7), json!([["orders"]])]
    {
        refused(&service, &issuer.token("kim").claim("aud", audience).sign(), "aud").await;
    }
    let both = issuer.token("kim").claim("aud", ["payments", "orders"]).sign();
    get(&service, "/orders", Some(&both)).await.is_hello("kim");
    refused(&service, &Issuer::new("orders").token("kim").sign(), "a stranger's key").await;
}

#[tokio::test]
async fn a_token_before_or_after_its_time() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    for seconds in [0, -1, -3600] {
        let answer = get(&service, "/orders", Some(&issuer.token("kim").expires_in(seconds).sign())).await;
        answer.is_problem(401, "token_expired");
    }
    use tokenry_guard::Clock;
    let now = issuer.clock().now();
    refused(&service, &issuer.token("kim").claim("nbf", now + 1).sign(), "nbf").await;
    refused(&service, &issuer.token("kim").claim("iat", now + 61).sign(), "iat").await;
    refused(&service, &issuer.token("kim").claim("exp", json!(null)).sign(), "exp").await;
}

#[tokio::test]
async fn payloads_with_two_readings_or_wrong_types() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    let key = issuer.key();
    let sign = |payload: &str| {
        // By hand: the library does not sign such things.
        let header = json!({ "alg": "HS256", "typ": "at+jwt" });
        format!("{}.{}.{}", encode(&header), BASE64.encode(payload), BASE64.encode(key.key_id()))
    };
    let iss = issuer.name();
    for payload in [
        format!(r#"{{"iss":"{iss}","sub":"a","sub":"b","aud":"orders","exp":9999999999}}"#),
        format!(r#"{{"iss":"{iss}","sub":"a","aud":"orders","aud":"payments","exp":9999999999}}"#),
        format!(r#"{{"iss":"{iss}","sub":"a","aud":"orders","exp":1480849147370}}"#),
        format!(r#"{{"iss":"{iss}","sub":"a","aud":"orders","exp":"9999999999"}}"#),
        format!(r#"{{"iss":"{iss}","sub":"\ud800","aud":"orders","exp":9999999999}}"#),
        "[".repeat(5000),
        String::new(),
    ] {
        refused(&service, &sign(&payload), &payload).await;
    }
    // The same, signed by a secret that the guard trusts: what is wrong is the payload alone.
    let secret = [7; 32];
    let guard = Guard::builder(iss, "orders").clock(issuer.clock()).with_secret(Algorithm::Hs256, &secret).unwrap();
    let hmac = |payload: &str| {
        let signed = format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": "at+jwt" })), BASE64.encode(payload));
        let tag =
            aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret), signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(tag.as_ref()))
    };
    let good = format!(r#"{{"iss":"{iss}","sub":"kim","aud":"orders","exp":9999999999}}"#);
    assert_eq!(guard.verify(&hmac(&good)).await.unwrap().subject(), "kim");
    for (payload, reason) in [
        (good.replace("\"sub\":\"kim\"", "\"sub\":\"kim\",\"sub\":\"kim\""), "malformed"),
        (good.replace("\"aud\":\"orders\"", "\"aud\":\"orders\",\"aud\":\"orders\""), "malformed"),
        (good.replace("9999999999", "1480849147370"), "milliseconds"),
        (good.replace("9999999999", "\"9999999999\""), "invalid_claim"),
        (good.replace("\"kim\"", "\"\""), "invalid_claim"),
        (good.replace("\"kim\"", "\"k\\u0000\""), "invalid_claim"),
        (good.replace("\"kim\"", "\"\\ud800\""), "malformed"),
    ] {
        assert_eq!(guard.verify(&hmac(&payload)).await.unwrap_err().reason(), reason, "{payload}");
    }
}

#[tokio::test]
async fn a_megabyte_and_garbage() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    for token in [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b.c",
        "\u{0}",
        "\u{e9}.\u{e9}.\u{e9}",
        &"a".repeat(1 << 20),
        &".".repeat(1 << 20),
    ] {
        let refusal = guard.verify(token).await.unwrap_err();
        assert_eq!(refusal.code(), "token_invalid");
        assert!(refusal.to_string().len() < 300);
        assert_eq!(guard.verify_now(token).unwrap_err(), refusal);
    }
    let keys = KeySet::from(issuer.key().verifying_key());
    assert!(Guard::builder(issuer.name(), "orders").with_keys(keys).is_ok());
}
