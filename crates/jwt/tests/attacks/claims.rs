//! Attacks by claims: time, issuer, audience, subject, type.

use super::*;

#[test]
fn refresh_token_as_access_token() {
    let key = ed25519();
    for typ in ["rt+jwt", "otp+jwt", "JWT", "", "at+jwt+", "text/at+jwt"] {
        let token = key.sign(typ, &honest()).unwrap();
        assert_eq!(verify(&token, &key).unwrap_err(), VerifyError::Type { found: typ.into() });
    }
    assert_eq!(
        Secret::KEY.verify_header(r#"{"alg":"HS256"}"#).unwrap_err(),
        VerifyError::Type { found: String::new() }
    );
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(verify(&key.sign(typ, &honest()).unwrap(), &key).is_ok(), "{typ}");
    }
}

#[test]
fn expired() {
    let verify = |exp: Value| Secret::KEY.verify_claims(&with("exp", exp));
    assert_eq!(verify(json!(NOW)).unwrap_err(), VerifyError::Expired { at: NOW });
    assert_eq!(verify(json!(NOW - 1)).unwrap_err().code(), "token_expired");
    assert_eq!(verify(json!(0)).unwrap_err(), VerifyError::Expired { at: 0 });
    assert!(verify(json!(NOW + 1)).is_ok());
    assert!(verify(json!(NOW as f64 + 0.5)).is_ok());
}

#[test]
fn leeway_is_bounded_and_counts() {
    let key = ed25519();
    let keys = KeySet::from(key.verifying_key());
    let token = key.sign("at+jwt", &honest()).unwrap();
    let lenient = verifier().leeway(60).unwrap();
    assert!(lenient.verify(&token, &keys, NOW + 3659).is_ok());
    assert!(lenient.verify(&token, &keys, NOW + 3660).is_err());
    assert_eq!(verifier().leeway(61).unwrap_err(), KeyError::Leeway);
}

#[test]
fn not_yet_valid() {
    let verify = |nbf: Value| Secret::KEY.verify_claims(&with("nbf", nbf));
    assert_eq!(verify(json!(NOW + 1)).unwrap_err(), VerifyError::NotYetValid { at: NOW + 1 });
    assert!(verify(json!(NOW)).is_ok());
}

#[test]
fn issued_in_the_future() {
    let verify = |iat: i64| Secret::KEY.verify_claims(&with("iat", json!(iat)));
    assert_eq!(verify(NOW + 61).unwrap_err(), VerifyError::IssuedInFuture { at: NOW + 61 });
    assert!(verify(NOW + 60).is_ok());
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let key = ed25519();
    let keys = KeySet::from(key.verifying_key());
    let token = key.sign("at+jwt", &with("nbf", json!(NOW))).unwrap();
    let lenient = verifier().leeway(60).unwrap();
    assert!(lenient.verify(&token, &keys, i64::MAX).is_err());
    assert!(lenient.verify(&token, &keys, i64::MIN).is_err());
}

#[test]
fn required_claims_missing() {
    for claim in ["iss", "sub", "aud", "exp"] {
        assert_eq!(Secret::KEY.verify_claims(&without(claim)).unwrap_err(), VerifyError::Missing { claim }, "{claim}");
    }
    for claim in ["iat", "jti", "sid"] {
        assert!(Secret::KEY.verify_claims(&without(claim)).is_ok(), "{claim}");
    }
}

#[test]
fn other_issuer() {
    for issuer in ["https://evil.example", "https://auth.example.com/", "HTTPS://auth.example.com", ""] {
        let error = Secret::KEY.verify_claims(&with("iss", json!(issuer))).unwrap_err();
        assert_eq!(error, VerifyError::Issuer, "{issuer}");
    }
    for issuer in [json!([ISSUER]), json!(null), json!(1)] {
        let error = Secret::KEY.verify_claims(&with("iss", issuer)).unwrap_err();
        assert_eq!(error, VerifyError::InvalidClaim { claim: "iss" });
    }
}

#[test]
fn other_audience() {
    for audience in [json!("billing"), json!(["billing"]), json!([]), json!(""), json!("orders2"), json!("Orders")] {
        let error = Secret::KEY.verify_claims(&with("aud", audience.clone())).unwrap_err();
        assert_eq!(error, VerifyError::Audience, "{audience}");
    }
    for audience in [json!(1), json!(null), json!({"orders": 1}), json!(["orders", 1]), json!([["orders"]])] {
        let error = Secret::KEY.verify_claims(&with("aud", audience.clone())).unwrap_err();
        assert_eq!(error, VerifyError::InvalidClaim { claim: "aud" }, "{audience}");
    }
    assert!(Secret::KEY.verify_claims(&with("aud", json!(["billing", "orders"]))).is_ok());
}

#[test]
fn verifier_without_audience_accepts_nothing() {
    let key = ed25519();
    let token = key.sign("at+jwt", &honest()).unwrap();
    let verifier = Verifier::new(ISSUER, Vec::<String>::new());
    let error = verifier.verify(&token, &KeySet::from(key.verifying_key()), NOW).unwrap_err();
    assert_eq!(error, VerifyError::Audience);
}

#[test]
fn milliseconds_in_a_date() {
    for claim in ["exp", "nbf", "iat"] {
        let claims = with(claim, json!(1_480_849_147_370_i64));
        assert_eq!(Secret::KEY.verify_claims(&claims).unwrap_err(), VerifyError::Milliseconds { claim });
        assert_eq!(ed25519().sign("at+jwt", &claims).unwrap_err(), SignError::Milliseconds { claim });
    }
}

#[test]
fn date_as_string_or_negative() {
    for claim in ["exp", "nbf", "iat"] {
        for value in [json!("1764003600"), json!(-1), json!(true), json!(null), json!([NOW])] {
            let claims = with(claim, value);
            assert_eq!(Secret::KEY.verify_claims(&claims).unwrap_err(), VerifyError::InvalidClaim { claim });
            assert_eq!(ed25519().sign("at+jwt", &claims).unwrap_err(), SignError::InvalidClaim { claim });
        }
    }
}

#[test]
fn signing_what_is_no_object() {
    for claims in [json!([]), json!("sub"), json!(null), json!(1)] {
        assert!(matches!(ed25519().sign("at+jwt", &claims), Err(SignError::Claims(_))));
    }
    assert_eq!(ed25519().sign("at+jwt", &with("x", json!("a".repeat(MAX_TOKEN)))).unwrap_err(), SignError::TooLarge);
}

#[test]
fn empty_subject() {
    let error = Secret::KEY.verify_claims(&with("sub", json!(""))).unwrap_err();
    assert_eq!(error, VerifyError::InvalidClaim { claim: "sub" });
}

#[test]
fn control_characters_in_the_subject() {
    for sub in ["a\nb", "a\0", "\u{7f}", "a\u{85}b", "\t"] {
        let error = Secret::KEY.verify_claims(&with("sub", json!(sub))).unwrap_err();
        assert_eq!(error, VerifyError::InvalidClaim { claim: "sub" }, "{sub:?}");
    }
    // Raw in the text they are no JSON at all.
    malformed(Secret::KEY.verify_payload(honest().to_string().replace("kimalo", "kim\nalo")));
}

#[test]
fn subject_not_a_string() {
    for sub in [json!(1), json!(null), json!(["kimalo"]), json!({"$ne": ""})] {
        let error = Secret::KEY.verify_claims(&with("sub", sub)).unwrap_err();
        assert_eq!(error, VerifyError::InvalidClaim { claim: "sub" });
    }
}

#[test]
fn old_token_is_genuine_but_opens_nothing() {
    let key = ed25519();
    let keys = KeySet::from(key.verifying_key());
    let mut old = with("exp", json!(NOW - 1));
    old["aud"] = json!("elsewhere");
    let token = key.sign("at+jwt", &old).unwrap();
    assert!(verifier().verify(&token, &keys, NOW).is_err());
    let genuine = verifier().verify_genuine(&token, &keys).unwrap();
    assert_eq!((genuine.session_id(), genuine.expires_at()), (Some("s"), Some(NOW - 1)));
    let forged = ed25519().with_key_id(key.key_id()).sign("at+jwt", &old).unwrap();
    assert_eq!(verifier().verify_genuine(&forged, &keys).unwrap_err(), VerifyError::Signature);
}
