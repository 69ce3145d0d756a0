//! What is signed verifies, and nothing near it does.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokenry_jwt::{Algorithm, JwkSet, KeySet, SigningKey, Verifier, VerifyingKey};

const NOW: i64 = 1_764_000_000;

static KEYS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| Algorithm::ALL.iter().map(|&algorithm| SigningKey::generate(algorithm).unwrap()).collect());

fn claims(private: Map<String, Value>, sub: &str) -> Value {
    let mut claims = private;
    for (name, value) in [("iss", json!("i")), ("aud", json!("a")), ("sub", json!(sub)), ("exp", json!(NOW + 1))] {
        claims.insert(name.into(), value);
    }
    claims.into()
}

fn keys() -> KeySet {
    KEYS.iter().map(SigningKey::verifying_key).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn signed_claims_come_back(
        which in 0..Algorithm::ALL.len(),
        sub in "\\PC{1,40}",
        private in prop::collection::hash_map("x\\PC{0,10}", any::<String>(), 0..10),
    ) {
        let private = private.into_iter().map(|(name, text)| (name, text.into())).collect();
        let claims = claims(private, &sub);
        let token = KEYS[which].sign("at+jwt", &claims).unwrap();
        let verified = Verifier::new("i", ["a"]).verify(&token, &keys(), NOW).unwrap();
        prop_assert_eq!(verified.subject(), sub);
        prop_assert_eq!(verified.to::<Value>().unwrap(), claims);
    }

    #[test]
    fn one_flipped_bit_is_noticed(which in 0..Algorithm::ALL.len(), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let token = KEYS[which].sign("at+jwt", &claims(Map::new(), "s")).unwrap();
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let flipped = String::from_utf8(bytes).unwrap();
        prop_assert!(Verifier::new("i", ["a"]).verify(&flipped, &keys(), NOW).is_err());
        prop_assert!(Verifier::new("i", ["a"]).verify_genuine(&flipped, &keys()).is_err());
    }

    #[test]
    fn any_text_is_refused(token in any::<String>()) {
        prop_assert!(Verifier::new("i", ["a"]).verify(&token, &keys(), NOW).is_err());
    }
}

#[test]
fn every_single_bit_of_a_token() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let token = key.sign("at+jwt", &claims(Map::new(), "s")).unwrap();
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).unwrap();
            assert!(Verifier::new("i", ["a"]).verify(&flipped, &keys, NOW).is_err(), "{at} {bit}");
        }
    }
}

#[test]
fn to_name_a_usual_type_changes_nothing_but_the_work() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let again = || SigningKey::from_bytes(key.algorithm(), &key.to_bytes()).unwrap();
    let named = [
        again().with_key_id(key.key_id()).with_type("rt+jwt"),
        again().with_type("rt+jwt").with_key_id(key.key_id()),
        again().with_type("rt+jwt").with_key_id(key.key_id()).with_type("application/rt+jwt"),
        again().with_type("").with_key_id(key.key_id()),
    ];
    let types = ["rt+jwt", "at+jwt", "RT+JWT", "application/rt+jwt", ""];
    for (own, typ) in named.iter().flat_map(|own| types.map(|typ| (own, typ))) {
        let token = key.sign(typ, &claims(Map::new(), "s")).unwrap();
        assert_eq!(own.sign(typ, &claims(Map::new(), "s")).unwrap(), token);
        for expected in types {
            let verifier = Verifier::new("i", ["a"]).typ(expected);
            let [one, other] = [&key, own].map(|key| {
                let verified = verifier.verify(&token, &key.verifying_key().into(), NOW);
                verified.map(|claims| (claims.json().to_owned(), claims.key_id().map(str::to_owned)))
            });
            assert_eq!(one, other, "{typ:?} where {expected:?} is expected");
        }
    }
}

#[test]
fn keys_come_back_from_bytes() {
    for key in KEYS.iter() {
        let again = SigningKey::from_bytes(key.algorithm(), &key.to_bytes()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        let token = again.with_key_id(key.key_id()).sign("at+jwt", &claims(Map::new(), "s")).unwrap();
        assert!(Verifier::new("i", ["a"]).verify(&token, &keys(), NOW).is_ok(), "{}", key.algorithm());
    }
}

#[test]
fn a_published_set_verifies() {
    let set: JwkSet = KEYS.iter().filter_map(SigningKey::public_jwk).collect();
    let json = set.to_json();
    let again = JwkSet::parse(json.as_bytes()).unwrap();
    assert_eq!(again, set);
    assert_eq!(serde_json::from_str::<JwkSet>(&json).unwrap(), set);
    let published = KeySet::from(again);
    for key in KEYS.iter() {
        let token = key.sign("at+jwt", &claims(Map::new(), "s")).unwrap();
        let verified = Verifier::new("i", ["a"]).verify(&token, &published, NOW);
        assert_eq!(verified.is_ok(), !key.algorithm().is_symmetric(), "{}", key.algorithm());
    }
}

#[test]
fn key_ids() {
    for key in KEYS.iter() {
        match key.verifying_key().thumbprint() {
            Some(thumbprint) => assert_eq!(key.key_id(), thumbprint),
            None => assert_eq!(key.key_id().len(), 22),
        }
    }
    let secret = SigningKey::from_secret(Algorithm::Hs256, &[1; 32]).unwrap();
    assert_eq!((secret.key_id(), secret.verifying_key().key_id()), ("", None));
}

#[test]
fn pem_as_openssl_writes_it() {
    let read = |name: &str| {
        let path = format!("{}/../../fuzz/corpus/key/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    for (name, older, algorithm) in [
        ("ed25519", None, Algorithm::EdDsa),
        ("p256", Some("sec1"), Algorithm::Es256),
        ("p384", None, Algorithm::Es384),
        ("rsa", Some("pkcs1"), Algorithm::Rs256),
    ] {
        let key = SigningKey::from_pem(algorithm, &read(&format!("{name}.private"))).unwrap();
        let public = VerifyingKey::from_pem(algorithm, &read(&format!("{name}.public"))).unwrap();
        assert_eq!(public.thumbprint().unwrap(), key.key_id());
        assert_eq!(public.key_id(), None);
        if let Some(older) = older {
            assert_eq!(SigningKey::from_pem(algorithm, &read(older)).unwrap().key_id(), key.key_id());
        }
        assert!(SigningKey::from_pem(algorithm, &read(&format!("{name}.public"))).is_err());
        assert!(VerifyingKey::from_pem(algorithm, &read(&format!("{name}.private"))).is_err());
    }
}
