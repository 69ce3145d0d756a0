//! Key sets: what is read can be written and read again.

use tokenry_jwt::{Jwk, JwkSet, KeySet, VerifyingKey};

pub fn run(data: &[u8]) {
    if let Ok(set) = JwkSet::parse(data) {
        let json = set.to_json();
        assert!(!json.contains("\"d\":"));
        assert!(JwkSet::parse(json.as_bytes()).is_ok_and(|again| again == set));
        let _ = KeySet::from(set);
    }
    if let Ok(jwk) = Jwk::parse(data)
        && let Ok(key) = VerifyingKey::from_jwk(&jwk)
    {
        assert_eq!(key.thumbprint(), Some(jwk.thumbprint()));
        assert_eq!(key.to_jwk(), Some(jwk));
    }
    let _ = VerifyingKey::from_secret_jwk(data);
}
