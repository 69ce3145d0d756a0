//! One test per known attack on JSON Web Tokens, named after it.
#![allow(clippy::unwrap_used)]

mod claims;
mod form;
mod keys;
mod signature;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use tokenry_jwt::{
    Algorithm, Claims, Jwk, JwkSet, KeyError, KeySet, MAX_TOKEN, SignError, SigningKey, Verifier, VerifyError,
    VerifyingKey,
};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "orders";
const NOW: i64 = 1_764_000_000;

/// The claims of an honest token.
fn honest() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "kimalo", "iat": NOW, "exp": NOW + 3600, "jti": "1", "sid": "s" })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = honest();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = honest();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn verifier() -> Verifier {
    Verifier::new(ISSUER, [AUDIENCE])
}

fn verify(token: &str, key: &SigningKey) -> Result<Claims, VerifyError> {
    verifier().verify(token, &KeySet::from(key.verifying_key()), NOW)
}

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa).unwrap()
}

/// A shared secret that can also sign what `SigningKey::sign` would refuse.
struct Secret([u8; 32]);

impl Secret {
    const KEY: Self = Self([7; 32]);

    fn sign(&self, header: &[u8], payload: &[u8]) -> String {
        self.sign_encoded(&BASE64.encode(header), &BASE64.encode(payload))
    }

    fn sign_encoded(&self, header: &str, payload: &str) -> String {
        let signed = format!("{header}.{payload}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(tag))
    }

    fn header(&self) -> &'static [u8] {
        br#"{"alg":"HS256","typ":"at+jwt"}"#
    }

    fn verify(&self, token: &str) -> Result<Claims, VerifyError> {
        let key = VerifyingKey::from_secret(Algorithm::Hs256, &self.0).unwrap();
        verifier().verify(token, &KeySet::from(key), NOW)
    }

    fn verify_payload(&self, payload: impl AsRef<[u8]>) -> Result<Claims, VerifyError> {
        self.verify(&self.sign(self.header(), payload.as_ref()))
    }

    fn verify_claims(&self, claims: &Value) -> Result<Claims, VerifyError> {
        self.verify_payload(claims.to_string())
    }

    fn verify_header(&self, header: impl AsRef<[u8]>) -> Result<Claims, VerifyError> {
        self.verify(&self.sign(header.as_ref(), honest().to_string().as_bytes()))
    }
}

#[track_caller]
fn malformed(result: Result<Claims, VerifyError>) {
    assert!(matches!(result, Err(VerifyError::Malformed(_))), "{result:?}");
}
