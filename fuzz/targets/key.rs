//! Keys in PEM and DER: what is read has the algorithm that was asked for.

use tokenry_jwt::{Algorithm, SigningKey, VerifyingKey};

pub fn run(data: &[u8]) {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        if let Ok(text) = std::str::from_utf8(data) {
            if let Ok(key) = SigningKey::from_pem(algorithm, text) {
                assert!(SigningKey::from_bytes(algorithm, &key.to_bytes()).is_ok());
            }
            if let Ok(key) = VerifyingKey::from_pem(algorithm, text) {
                assert!(key.to_jwk().is_some_and(|jwk| VerifyingKey::from_jwk(&jwk).is_ok()));
            }
        }
        let _ = SigningKey::from_pkcs8(algorithm, data);
        let _ = VerifyingKey::from_spki(algorithm, data);
    }
}
