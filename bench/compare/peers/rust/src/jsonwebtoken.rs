use std::hint::black_box;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

use crate::Call;
use crate::fixture::{Claims, Fixture};

pub(crate) fn verify(fixture: &Fixture, algorithm: &str) -> Option<Call> {
    let (key, validation) = rules(fixture, algorithm)?;
    let tokens = fixture.tokens(algorithm);
    Some(Box::new(move |at| {
        let claims = check(&tokens[at % tokens.len()], &key, &validation).expect("a good token");
        black_box(claims.sub.as_str());
    }))
}

/// The key and the rules, if the algorithm is offered.
pub(crate) fn rules(fixture: &Fixture, algorithm: &str) -> Option<(DecodingKey, Validation)> {
    let key = match fixture.jwk(algorithm) {
        None => DecodingKey::from_secret(&fixture.private(algorithm)),
        Some(jwk) => {
            let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
            DecodingKey::from_jwk(&jwk).ok()?
        }
    };
    let mut validation = Validation::new(algorithm.parse().ok()?);
    validation.set_issuer(&[&fixture.issuer]);
    validation.set_audience(&[&fixture.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = 0;
    Some((key, validation))
}

/// It does not look at the header's `typ`: that is left to the caller, as in most libraries.
pub(crate) fn check(token: &str, key: &DecodingKey, rules: &Validation) -> Result<Claims, jsonwebtoken::errors::Error> {
    decode::<Claims>(black_box(token), key, rules).map(|data| data.claims)
}

pub(crate) fn sign(fixture: &Fixture, algorithm: &str) -> Option<Call> {
    let private = fixture.private(algorithm);
    let name: Algorithm = algorithm.parse().ok()?;
    let key = match name {
        Algorithm::HS256 => EncodingKey::from_secret(&private),
        Algorithm::RS256 => {
            let pem = fixture.pem(algorithm);
            EncodingKey::from_rsa_pem(pem.as_bytes()).expect("an RSA key")
        }
        Algorithm::ES256 => EncodingKey::from_ec_der(&private),
        _ => EncodingKey::from_ed_der(&private),
    };
    let mut header = Header::new(name);
    header.kid = Some(fixture.kid(algorithm).to_owned());
    header.typ = Some("at+jwt".to_owned());
    let claims = fixture.claims.clone();
    Some(Box::new(move |_| {
        black_box(encode(&header, black_box(&claims), &key).expect("a token"));
    }))
}
