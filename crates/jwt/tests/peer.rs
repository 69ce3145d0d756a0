//! Another implementation reads our tokens and keys, and we read its.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use tokenry_jwt::{Algorithm, KeySet, SigningKey, Verifier};

const FAR: i64 = 4_102_444_800;

fn claims() -> Value {
    json!({ "iss": "i", "aud": "a", "sub": "s", "exp": FAR })
}

#[test]
fn jsonwebtoken_reads_our_tokens() {
    for &algorithm in Algorithm::ALL {
        if algorithm.name().starts_with("ML-DSA") {
            // It offers none of them: should it begin to, this test is to read them too.
            algorithm.name().parse::<jsonwebtoken::Algorithm>().unwrap_err();
            continue;
        }
        let key = SigningKey::generate(algorithm).unwrap();
        let peer_key = match key.public_jwk() {
            None => jsonwebtoken::DecodingKey::from_secret(&key.to_bytes()),
            Some(jwk) => {
                let jwk = serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
                jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap()
            }
        };
        let mut validation = jsonwebtoken::Validation::new(algorithm.name().parse().unwrap());
        validation.set_audience(&["a"]);
        let token = key.sign("at+jwt", &claims()).unwrap();
        let data = jsonwebtoken::decode::<Value>(&token, &peer_key, &validation).unwrap();
        assert_eq!(data.claims, claims(), "{algorithm}");
        assert_eq!(data.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(data.header.kid.as_deref(), Some(key.key_id()));
    }
}

#[test]
fn we_read_tokens_of_jsonwebtoken() {
    for (algorithm, name) in [(Algorithm::Hs256, "HS256"), (Algorithm::EdDsa, "EdDSA"), (Algorithm::Es256, "ES256")] {
        let key = SigningKey::generate(algorithm).unwrap();
        let bytes = key.to_bytes();
        let peer_key = match algorithm {
            Algorithm::Hs256 => jsonwebtoken::EncodingKey::from_secret(&bytes),
            Algorithm::Es256 => jsonwebtoken::EncodingKey::from_ec_der(&bytes),
            _ => jsonwebtoken::EncodingKey::from_ed_der(&bytes),
        };
        let mut header = jsonwebtoken::Header::new(name.parse().unwrap());
        header.typ = Some("at+jwt".into());
        header.kid = Some(key.key_id().into());
        let token = jsonwebtoken::encode(&header, &claims(), &peer_key).unwrap();
        let verified = Verifier::new("i", ["a"]).verify(&token, &KeySet::from(key.verifying_key()), 1);
        assert_eq!(verified.unwrap().subject(), "s", "{name}");
    }
}
