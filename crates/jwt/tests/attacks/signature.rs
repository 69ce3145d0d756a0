//! Attacks on the signature and its algorithm.

use super::*;

#[test]
fn the_honest_token_passes_with_every_algorithm() {
    for &algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("at+jwt", &honest()).unwrap();
        let claims = verify(&token, &key).unwrap();
        assert_eq!(claims.subject(), "kimalo", "{algorithm}");
        assert_eq!(claims.key_id(), Some(key.key_id()));
    }
    assert!(Secret::KEY.verify_claims(&honest()).is_ok());
}

#[test]
fn tampered_header() {
    let key = ed25519();
    let token = key.sign("at+jwt", &honest()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"typ":"at+jwt","kid":"{}","alg":"EdDSA"}}"#, key.key_id());
    let tampered = format!("{}.{rest}", BASE64.encode(header));
    assert_eq!(verify(&tampered, &key).unwrap_err(), VerifyError::Signature);
}

#[test]
fn tampered_payload() {
    let key = ed25519();
    let token = key.sign("at+jwt", &honest()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let admin = BASE64.encode(with("sub", json!("admin")).to_string());
    let tampered = format!("{}.{admin}.{}", parts[0], parts[2]);
    assert_eq!(verify(&tampered, &key).unwrap_err(), VerifyError::Signature);
}

#[test]
fn tampered_signature() {
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("at+jwt", &honest()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = BASE64.decode(signature).unwrap();
        bytes[5] ^= 1;
        let flipped = format!("{signed}.{}", BASE64.encode(&bytes));
        assert_eq!(verify(&flipped, &key).unwrap_err(), VerifyError::Signature, "{algorithm}");
        for cut in [0, 1, bytes.len() - 1] {
            let shortened = format!("{signed}.{}", BASE64.encode(&bytes[..cut]));
            assert_eq!(verify(&shortened, &key).unwrap_err(), VerifyError::Signature, "{algorithm}");
        }
        bytes[5] ^= 1;
        bytes.push(0);
        let lengthened = format!("{signed}.{}", BASE64.encode(&bytes));
        assert_eq!(verify(&lengthened, &key).unwrap_err(), VerifyError::Signature, "{algorithm}");
    }
}

#[test]
fn truncated_hmac() {
    let token = Secret::KEY.sign(Secret::KEY.header(), honest().to_string().as_bytes());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let half = BASE64.encode(&BASE64.decode(signature).unwrap()[..16]);
    assert_eq!(Secret::KEY.verify(&format!("{signed}.{half}")).unwrap_err(), VerifyError::Signature);
}

#[test]
fn algorithm_none_in_all_spellings() {
    let key = ed25519();
    for none in ["none", "None", "NONE", "nOnE", "none ", "\u{0}none", "", "null"] {
        let header = json!({ "alg": none, "typ": "at+jwt", "kid": key.key_id() }).to_string();
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(honest().to_string()));
        for signature in ["", "AA"] {
            let error = verify(&format!("{signed}.{signature}"), &key).unwrap_err();
            assert!(matches!(error, VerifyError::Algorithm { .. }), "{none:?} {error:?}");
        }
        malformed(verify(&signed, &key));
    }
}

#[test]
fn algorithm_not_a_string() {
    for alg in ["null", "1", "[\"HS256\"]", "{}", "true"] {
        malformed(Secret::KEY.verify_header(format!(r#"{{"alg":{alg},"typ":"at+jwt"}}"#)));
    }
    malformed(Secret::KEY.verify_header(r#"{"typ":"at+jwt"}"#));
}

#[test]
fn hmac_keyed_with_the_public_key() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let jwk = serde_json::to_string(&key.public_jwk().unwrap()).unwrap();
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, key.key_id());
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(honest().to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, jwk.as_bytes()), signed.as_bytes());
    let token = format!("{signed}.{}", BASE64.encode(tag));
    assert_eq!(verify(&token, &key).unwrap_err(), VerifyError::Algorithm { token: "HS256".into() });
}

#[test]
fn algorithm_of_the_same_family() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let other = SigningKey::from_bytes(Algorithm::Ps256, &key.to_bytes()).unwrap();
    let token = other.sign("at+jwt", &honest()).unwrap();
    assert_eq!(verify(&token, &key).unwrap_err(), VerifyError::Algorithm { token: "PS256".into() });
}

#[test]
fn critical_extensions() {
    for crit in [r#"["b64"]"#, r#"["exp"]"#, "[]", "null", r#"["https://example.com/x"]"#] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","b64":false,"crit":{crit}}}"#);
        assert_eq!(Secret::KEY.verify_header(header).unwrap_err(), VerifyError::Critical);
    }
}

#[test]
fn keys_and_links_in_the_header() {
    let (ours, theirs) = (ed25519(), ed25519());
    let jwk = serde_json::to_value(theirs.public_jwk().unwrap()).unwrap();
    for (member, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": ours.key_id(), member: value });
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(honest().to_string()));
        let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&theirs.to_bytes()).unwrap();
        let token = format!("{signed}.{}", BASE64.encode(pair.sign(signed.as_bytes())));
        assert_eq!(verify(&token, &ours).unwrap_err(), VerifyError::Signature, "{member}");
    }
}

#[test]
fn psychic_signature() {
    for (algorithm, length) in [(Algorithm::Es256, 64), (Algorithm::Es384, 96)] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("at+jwt", &honest()).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        let zeros = format!("{signed}.{}", BASE64.encode(vec![0; length]));
        assert_eq!(verify(&zeros, &key).unwrap_err(), VerifyError::Signature);
    }
}

#[test]
fn ecdsa_signature_in_der() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = key.sign("at+jwt", &honest()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.to_bytes()).unwrap();
    let der = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", BASE64.encode(der));
    assert_eq!(verify(&token, &key).unwrap_err(), VerifyError::Signature);
}

#[test]
fn claims_are_not_judged_before_the_signature() {
    let (ours, theirs) = (ed25519().with_key_id("k"), ed25519().with_key_id("k"));
    for claims in [with("exp", json!(0)), with("iss", json!("x")), without("sub"), json!({})] {
        let token = theirs.sign("at+jwt", &claims).unwrap();
        assert_eq!(verify(&token, &ours).unwrap_err(), VerifyError::Signature);
    }
    // Not even its JSON is looked at.
    let header = br#"{"alg":"HS256","typ":"at+jwt"}"#;
    let token = Secret([8; 32]).sign(header, b"{not json");
    assert_eq!(Secret::KEY.verify(&token).unwrap_err(), VerifyError::Signature);
}
