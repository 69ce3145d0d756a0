use std::hint::black_box;

use jwt_simple::prelude::*;

use crate::Call;
use crate::fixture::Fixture;

/// The claims that this library has no name for.
#[derive(Clone, Serialize, Deserialize)]
struct Own {
    sid: String,
    scope: String,
}

pub(crate) fn verify(fixture: &Fixture, algorithm: &str) -> Option<Call> {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from_strings(&[&fixture.issuer])),
        allowed_audiences: Some(HashSet::from_strings(&[&fixture.audience])),
        required_signature_type: Some("at+jwt".to_owned()),
        time_tolerance: Some(Duration::from_secs(0)),
        max_token_length: None,
        ..VerificationOptions::default()
    };
    let tokens = fixture.tokens(algorithm);
    let private = fixture.private(algorithm);
    macro_rules! call {
        ($key:expr) => {{
            let key = $key;
            Some(Box::new(move |at| {
                // The options are taken by value.
                let token = black_box(&tokens[at % tokens.len()]);
                let claims = key.verify_token::<Own>(token, Some(options.clone())).expect("a good token");
                black_box(claims.subject.as_deref());
            }))
        }};
    }
    match algorithm {
        "HS256" => call!(HS256Key::from_bytes(&private)),
        "RS256" => call!(RS256KeyPair::from_pem(&fixture.pem(algorithm)).expect("an RSA key").public_key()),
        "ES256" => call!(ES256KeyPair::from_pem(&fixture.pem(algorithm)).expect("a P-256 key").public_key()),
        "EdDSA" => call!(Ed25519PublicKey::from_jwk(&fixture.jwk(algorithm)?.to_string()).expect("an Ed25519 key")),
        "ML-DSA-44" => call!(MLDSA44PublicKey::from_jwk(&fixture.jwk(algorithm)?.to_string()).expect("an ML-DSA key")),
        _ => None,
    }
}

pub(crate) fn sign(fixture: &Fixture, algorithm: &str) -> Option<Call> {
    let from = &fixture.claims;
    let own = Own { sid: from.sid.clone(), scope: from.scope.clone() };
    let mut claims = Claims::with_custom_claims(own, Duration::from_days(365))
        .with_issuer(&from.iss)
        .with_audience(&from.aud)
        .with_subject(&from.sub)
        .with_jwt_id(&from.jti);
    claims.issued_at = Some(UnixTimeStamp::from_secs(from.iat));
    claims.expires_at = Some(UnixTimeStamp::from_secs(from.exp));
    claims.invalid_before = None;
    let options = HeaderOptions { signature_type: Some("at+jwt".to_owned()), ..HeaderOptions::default() };
    let (private, kid) = (fixture.private(algorithm), fixture.kid(algorithm));
    macro_rules! call {
        ($key:expr, $sign:ident) => {{
            let key = $key;
            Some(Box::new(move |_| {
                // The claims are taken by value.
                black_box(key.$sign(black_box(&claims).clone(), &options).expect("a token"));
            }))
        }};
    }
    match algorithm {
        "HS256" => call!(HS256Key::from_bytes(&private).with_key_id(kid), authenticate_with_options),
        "RS256" => call!(
            RS256KeyPair::from_pem(&fixture.pem(algorithm)).expect("an RSA key").with_key_id(kid),
            sign_with_options
        ),
        "ES256" => call!(
            ES256KeyPair::from_pem(&fixture.pem(algorithm)).expect("a P-256 key").with_key_id(kid),
            sign_with_options
        ),
        "EdDSA" => {
            let public = Ed25519PublicKey::from_jwk(&fixture.jwk(algorithm)?.to_string()).expect("an Ed25519 key");
            let pair = [seed(&private), &public.to_bytes()].concat();
            call!(Ed25519KeyPair::from_bytes(&pair).expect("an Ed25519 key").with_key_id(kid), sign_with_options)
        }
        "ML-DSA-44" => {
            let key = MLDSA44KeyPair::from_bytes(seed(&private)).expect("an ML-DSA key");
            call!(key.with_key_id(kid), sign_with_options)
        }
        _ => None,
    }
}

/// Of a key in PKCS#8 that ends with it.
fn seed(private: &[u8]) -> &[u8] {
    &private[private.len() - 32..]
}
