//! Attacks on keys and their choice.

use super::*;

#[test]
fn key_type_and_algorithm_disagreeing() {
    let ec = SigningKey::generate(Algorithm::Es256).unwrap();
    for algorithm in [Algorithm::Es384, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        assert!(SigningKey::from_pkcs8(algorithm, &ec.to_bytes()).is_err(), "{algorithm}");
        assert!(ec.public_jwk().unwrap().with_algorithm(algorithm).is_err(), "{algorithm}");
    }
    let mut jwk = serde_json::to_value(ec.public_jwk().unwrap()).unwrap();
    for alg in ["ES384", "RS256", "EdDSA", "HS256", "none", "ES512"] {
        jwk["alg"] = alg.into();
        assert!(Jwk::parse(jwk.to_string().as_bytes()).is_err(), "{alg}");
    }
}

#[test]
fn weak_rsa() {
    let jwk = |bytes: usize, first: u8| {
        let mut n = vec![0xab; bytes];
        n[0] = first;
        json!({ "kty": "RSA", "alg": "RS256", "n": BASE64.encode(n), "e": "AQAB" }).to_string()
    };
    for (weak, bits) in [(jwk(64, 0x80), 512), (jwk(128, 0x80), 1024), (jwk(256, 0x7f), 2047)] {
        let error = Jwk::parse(weak.as_bytes()).unwrap_err();
        assert_eq!(error, KeyError::TooShort { algorithm: Algorithm::Rs256, bits, minimum: 2048 });
    }
    assert!(Jwk::parse(jwk(1025, 0x80).as_bytes()).is_err());
}

#[test]
fn rsa_with_exponent_one() {
    for e in ["AQ", "AA", "Ag", ""] {
        let n = BASE64.encode([0xab; 256]);
        let jwk = json!({ "kty": "RSA", "alg": "RS256", "n": n, "e": e }).to_string();
        let key = Jwk::parse(jwk.as_bytes()).and_then(|jwk| VerifyingKey::from_jwk(&jwk));
        assert!(key.is_err(), "{e:?}");
    }
}

#[cfg(feature = "ml-dsa")]
#[test]
fn ml_dsa_key_of_another_parameter_set() {
    let key = SigningKey::generate(Algorithm::MlDsa44).unwrap();
    let jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    let parse = |member: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[member] = value;
        Jwk::parse(jwk.to_string().as_bytes()).and_then(|jwk| VerifyingKey::from_jwk(&jwk))
    };
    parse("use", "sig".into()).unwrap();
    for alg in ["ML-DSA-65", "ML-DSA-87", "EdDSA", "HS256", "none"] {
        assert!(parse("alg", alg.into()).is_err(), "{alg}");
    }
    assert_eq!(parse("alg", Value::Null).unwrap_err(), KeyError::NoAlgorithm);
    let public = jwk["pub"].as_str().unwrap();
    for wrong in ["", &public[4..], &format!("{public}AAAA")] {
        assert!(parse("pub", wrong.into()).is_err(), "{}", wrong.len());
    }
    for algorithm in [Algorithm::MlDsa65, Algorithm::EdDsa, Algorithm::Rs256] {
        assert!(SigningKey::from_pkcs8(algorithm, &key.to_bytes()).is_err(), "{algorithm}");
    }
}

#[test]
fn short_secret() {
    for (algorithm, minimum) in [(Algorithm::Hs256, 256), (Algorithm::Hs384, 384), (Algorithm::Hs512, 512)] {
        let short = vec![1; minimum / 8 - 1];
        let error = KeyError::TooShort { algorithm, bits: minimum - 8, minimum };
        assert_eq!(SigningKey::from_secret(algorithm, &short).unwrap_err(), error);
        assert_eq!(VerifyingKey::from_secret(algorithm, &short).unwrap_err(), error);
        assert!(SigningKey::from_secret(algorithm, &vec![1; minimum / 8]).is_ok());
    }
    assert!(SigningKey::from_secret(Algorithm::EdDsa, &[1; 32]).is_err());
}

#[test]
fn point_off_the_curve() {
    let zero = BASE64.encode([0; 32]);
    let one = BASE64.encode([1; 32]);
    for (x, y) in [(&zero, &zero), (&one, &one)] {
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }).to_string();
        let jwk = Jwk::parse(jwk.as_bytes()).unwrap();
        assert!(VerifyingKey::from_jwk(&jwk).is_err());
    }
}

#[test]
fn unknown_key() {
    let (ours, theirs) = (ed25519(), ed25519());
    let token = theirs.sign("at+jwt", &honest()).unwrap();
    let kid = Some(theirs.key_id().to_owned());
    assert_eq!(verify(&token, &ours).unwrap_err(), VerifyError::UnknownKey { kid });
    let error = verifier().verify(&token, &KeySet::default(), NOW).unwrap_err();
    assert_eq!(error.reason(), "unknown_key");
}

#[test]
fn key_id_of_another_key() {
    let (ours, theirs) = (ed25519(), ed25519().with_key_id("k"));
    let ours = ours.with_key_id("k");
    let token = theirs.sign("at+jwt", &honest()).unwrap();
    assert_eq!(verify(&token, &ours).unwrap_err(), VerifyError::Signature);
}

#[test]
fn key_id_as_path_or_query() {
    let key = ed25519();
    for kid in ["../../dev/null", "' OR 1=1 --", "\u{0}", ""] {
        let token = SigningKey::from_bytes(Algorithm::EdDsa, &key.to_bytes()).unwrap().with_key_id(kid);
        let token = token.sign("at+jwt", &honest()).unwrap();
        if kid.is_empty() {
            // Without kid the only key of the algorithm is meant.
            assert!(verify(&token, &key).is_ok());
        } else {
            assert!(matches!(verify(&token, &key).unwrap_err(), VerifyError::UnknownKey { .. }));
        }
    }
}

#[test]
fn no_key_id_among_several_keys() {
    let (one, two, other) = (ed25519(), ed25519(), SigningKey::generate(Algorithm::Es256).unwrap());
    let token = SigningKey::from_bytes(Algorithm::EdDsa, &one.to_bytes()).unwrap().with_key_id("");
    let token = token.sign("at+jwt", &honest()).unwrap();
    let keys = |keys: &[&SigningKey]| keys.iter().map(|key| key.verifying_key()).collect::<KeySet>();
    assert!(verifier().verify(&token, &keys(&[&one, &other]), NOW).is_ok());
    let error = verifier().verify(&token, &keys(&[&one, &two]), NOW).unwrap_err();
    assert_eq!(error, VerifyError::UnknownKey { kid: None });
}

#[test]
fn nameless_secret_beside_named_keys() {
    let secret = VerifyingKey::from_secret(Algorithm::Hs256, &Secret::KEY.0).unwrap();
    let header = br#"{"alg":"HS256","typ":"at+jwt","kid":"any"}"#;
    let token = Secret::KEY.sign(header, honest().to_string().as_bytes());
    assert!(Secret::KEY.verify(&token).is_ok());
    let keys: KeySet = [secret, ed25519().verifying_key()].into_iter().collect();
    let error = verifier().verify(&token, &keys, NOW).unwrap_err();
    assert_eq!(error, VerifyError::UnknownKey { kid: Some("any".into()) });
}

#[test]
fn secret_in_a_public_key_set() {
    let oct = r#"{"kty":"oct","k":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","alg":"HS256","kid":"s"}"#;
    assert_eq!(Jwk::parse(oct.as_bytes()).unwrap_err(), KeyError::Symmetric);
    assert!(JwkSet::parse(format!(r#"{{"keys":[{oct}]}}"#).as_bytes()).unwrap().keys.is_empty());
    let key = VerifyingKey::from_secret_jwk(oct.as_bytes()).unwrap();
    assert_eq!((key.to_jwk(), key.thumbprint()), (None, None));
    let header = br#"{"alg":"HS256","typ":"at+jwt","kid":"s"}"#;
    let token = Secret::KEY.sign(header, honest().to_string().as_bytes());
    assert!(verifier().verify(&token, &KeySet::from(key), NOW).is_ok());
}

#[test]
fn secrets_in_debug_output() {
    let key = SigningKey::from_secret(Algorithm::Hs256, b"correct horse battery staple 1234").unwrap();
    let token = key.sign("at+jwt", &honest()).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let claims = verifier().verify(&token, &keys, NOW).unwrap();
    let shown = format!("{key:?} {:?} {keys:?} {claims:?}", key.verifying_key());
    assert!(!shown.contains("horse") && !shown.contains("104, 111, 114, 115, 101"), "{shown}");
    assert!(!shown.contains("jti") && !shown.contains("sid"), "{shown}");
}
