//! Guards that never ask anyone.

use tokenry_guard::jwt::{Algorithm, JwkSet, SigningKey};
use tokenry_guard::testing::Issuer;
use tokenry_guard::{ConnectError, Freshness, Guard};

#[tokio::test]
async fn a_key_a_set_a_file_or_a_secret_is_enough() {
    let issuer = Issuer::new("orders");
    let builder = || Guard::builder(issuer.name(), "orders").clock(issuer.clock());
    let jwks = JwkSet::from_iter(issuer.key().public_jwk()).to_json();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &jwks).unwrap();
    let secret = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    for guard in [
        builder().with_keys(issuer.key().verifying_key()).unwrap(),
        builder().with_jwks(jwks.as_bytes()).unwrap(),
        builder().with_jwks_file(file.path()).unwrap(),
    ] {
        assert!(guard.is_ready());
        assert_eq!(guard.status().freshness, Freshness::Cold);
        assert!(guard.verify(&issuer.token("kim").sign()).await.is_ok());
        assert!(guard.verify(&issuer.token("kim").sign_with(&secret)).await.is_err());
    }
    let guard = builder().with_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    assert!(guard.verify(&issuer.token("kim").sign_with(&secret)).await.is_ok());
    assert!(guard.verify(&issuer.token("kim").sign()).await.is_err());
}

#[test]
fn what_can_not_be_used_is_refused_at_once() {
    let builder = || Guard::builder("https://issuer.test", "orders");
    assert!(matches!(builder().with_secret(Algorithm::Hs256, &[7; 31]), Err(ConnectError::Keys(_))));
    assert!(matches!(builder().with_secret(Algorithm::EdDsa, &[7; 32]), Err(ConnectError::Keys(_))));
    for jwks in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"] {
        assert!(matches!(builder().with_jwks(jwks.as_bytes()), Err(ConnectError::Keys(_))), "{jwks}");
    }
    assert!(matches!(builder().with_jwks_file("/nowhere"), Err(ConnectError::File { .. })));
}
