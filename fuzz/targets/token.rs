//! Verifying: whatever comes, nothing panics, and nothing passes that was not signed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokenry_jwt::{Algorithm, KeySet, Verifier, VerifyingKey};

pub fn run(data: &[u8]) {
    let Ok(key) = VerifyingKey::from_secret(Algorithm::Hs256, &SECRET) else {
        return;
    };
    let (keys, verifier) = (KeySet::from(key), Verifier::new("iss", ["aud"]));
    if let Ok(token) = std::str::from_utf8(data) {
        assert!(verifier.verify(token, &keys, 1).is_err());
        assert!(verifier.verify_genuine(token, &keys).is_err());
    }
    // The same bytes as a payload and as a header that were signed.
    let data = URL_SAFE_NO_PAD.encode(data);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"at+jwt"}"#);
    for signed in [format!("{header}.{data}"), format!("{data}.e30")] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
        if let Ok(claims) = verifier.verify(&token, &keys, 1) {
            assert!(claims.issuer() == "iss" && claims.has_audience("aud") && claims.expires_at() > 1);
            assert!(!claims.subject().is_empty() && claims.to::<serde_json::Value>().is_ok());
        }
        let _ = verifier.verify_genuine(&token, &keys);
    }
}

const SECRET: [u8; 32] = [7; 32];
