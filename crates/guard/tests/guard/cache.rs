//! The cache of verified tokens.

use std::time::Duration;

use tokenry_guard::jwt::{Algorithm, SigningKey};
use tokenry_guard::testing::Issuer;
use tokenry_guard::{Guard, RevocationKind};

#[tokio::test]
async fn a_token_that_was_seen_before_is_known_until_it_expires() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let token = issuer.token("kim").expires_in(10).sign();
    for _ in 0..5 {
        assert_eq!(guard.verify(&token).await.unwrap().subject(), "kim");
    }
    assert_eq!((guard.metrics().accepted, guard.metrics().cache_hits), (5, 4));
    issuer.clock().pass(Duration::from_secs(9));
    assert!(guard.verify(&token).await.is_ok());
    issuer.clock().pass(Duration::from_secs(1));
    assert_eq!(guard.verify(&token).await.unwrap_err().code(), "token_expired");
    assert_eq!(guard.metrics().cached_tokens, 0);
    let lenient = issuer.guard_with(|builder| builder.leeway(5));
    for _ in 0..2 {
        assert!(lenient.verify(&token).await.is_ok());
    }
    issuer.clock().pass(Duration::from_secs(5));
    assert_eq!(lenient.verify(&token).await.unwrap_err().code(), "token_expired");
}

#[tokio::test]
async fn a_cached_token_is_refused_as_soon_as_it_is_revoked() {
    use RevocationKind as Kind;
    let issuer = Issuer::new("orders");
    for kind in [Kind::Sid, Kind::Sub, Kind::Jti, Kind::Kid] {
        let guard = issuer.guard();
        let token = issuer.token("kim").session("s").claim("jti", "j").sign();
        for _ in 0..2 {
            assert!(guard.verify(&token).await.is_ok());
        }
        let value = match kind {
            Kind::Sid => "s",
            Kind::Sub => "kim",
            Kind::Jti => "j",
            Kind::Kid => issuer.key().key_id(),
        };
        issuer.revoke(&guard, kind, value);
        assert_eq!(guard.verify(&token).await.unwrap_err().code(), "token_revoked", "{kind:?}");
        assert_eq!(guard.metrics().cached_tokens, 0);
    }
}

#[tokio::test]
async fn a_token_that_failed_is_never_kept() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    issuer.revoke_session(&guard, "over");
    let bad = [
        issuer.token("kim").expires_in(0).sign(),
        issuer.token("kim").session("over").sign(),
        issuer.token("kim").claim("aud", "payments").sign(),
        Issuer::new("orders").token("kim").sign(),
        "a.b.c".to_owned(),
    ];
    for token in bad {
        for _ in 0..3 {
            assert!(guard.verify(&token).await.is_err());
        }
    }
    assert_eq!((guard.metrics().cached_tokens, guard.metrics().cached_bytes), (0, 0));
}

#[tokio::test]
async fn a_flood_of_distinct_good_tokens_neither_grows_it_nor_drives_out_what_is_in_use() {
    let issuer = Issuer::new("orders");
    let bytes = 1 << 20;
    let guard = issuer.guard_with(|builder| builder.cache(bytes));
    let hot: Vec<_> = (0..100).map(|user| issuer.token(&format!("user {user}")).sign()).collect();
    for _ in 0..5 {
        for token in &hot {
            guard.verify_now(token).unwrap();
        }
    }
    let mut hits = 0;
    for round in 0..100 {
        for stranger in 0..50 {
            guard.verify_now(&issuer.token(&format!("stranger {round} {stranger}")).sign()).unwrap();
        }
        let before = guard.metrics().cache_hits;
        for token in &hot {
            guard.verify_now(token).unwrap();
        }
        hits += guard.metrics().cache_hits - before;
        assert!(guard.metrics().cached_bytes <= bytes as u64);
    }
    assert!(hits >= 9_900, "{hits} of 10000");
}

#[tokio::test]
async fn a_token_of_a_shared_secret_is_kept_when_it_comes_again() {
    let issuer = Issuer::new("orders");
    let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    let builder = Guard::builder(issuer.name(), "orders").clock(issuer.clock());
    let guard = builder.with_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    let tokens: Vec<_> = (0..1000).map(|user| issuer.token(&format!("user {user}")).sign_with(&key)).collect();
    for (round, cached, hits) in [(1, 0, 0), (2, 1000, 0), (3, 1000, 1000)] {
        for token in &tokens {
            guard.verify(token).await.unwrap();
        }
        let metrics = guard.metrics();
        // Two whose prints have one place may be kept a little later.
        assert!(metrics.cached_tokens <= cached && metrics.cached_tokens * 10 >= cached * 9, "{round}: {metrics:?}");
        assert!(metrics.cache_hits <= hits && metrics.cache_hits * 10 >= hits * 9, "{round}: {metrics:?}");
    }
    issuer.revoke(&guard, RevocationKind::Sub, "user 7");
    assert_eq!(guard.verify(&tokens[7]).await.unwrap_err().code(), "token_revoked");
    let new = issuer.token("user 7").claim("jti", "another").sign_with(&key);
    assert_eq!(guard.verify(&new).await.unwrap_err().code(), "token_revoked");
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard_with(|builder| builder.cache(0));
    let token = issuer.token("kim").sign();
    for _ in 0..3 {
        assert!(guard.verify(&token).await.is_ok());
    }
    assert_eq!((guard.metrics().accepted, guard.metrics().cache_hits), (3, 0));
}
