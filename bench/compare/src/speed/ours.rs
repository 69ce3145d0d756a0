use std::hint::black_box;

use tokenry_guard::Guard;
use tokenry_jwt::{Algorithm, KeySet, Verifier};

use crate::fixture::{AUDIENCE, Claims, Fixture, ISSUER, NOW};
use crate::primitive::{self, Call};

/// The project's own, by name, beside what no one can do without.
pub(crate) fn calls(operation: &str, algorithm: Algorithm, fixture: &Fixture) -> Vec<(&'static str, Call)> {
    let (key, tokens) = (fixture.key(algorithm), fixture.tokens(algorithm));
    if operation == "sign" {
        return vec![("primitive", primitive::sign(key, tokens)), ("Tokenry", sign(algorithm, fixture))];
    }
    vec![
        ("primitive", primitive::verify(key, tokens)),
        ("Tokenry", verify(algorithm, fixture)),
        ("Tokenry, cached", cached(algorithm, fixture)),
    ]
}

fn verify(algorithm: Algorithm, fixture: &Fixture) -> Call {
    let tokens = fixture.tokens(algorithm).to_vec();
    let keys = KeySet::from(fixture.key(algorithm).verifying_key());
    let verifier = Verifier::new(ISSUER, [AUDIENCE]);
    Box::new(move |at| {
        let claims = verifier.verify(black_box(&tokens[at % tokens.len()]), &keys, NOW).unwrap();
        black_box(claims.subject());
    })
}

fn cached(algorithm: Algorithm, fixture: &Fixture) -> Call {
    let tokens = fixture.tokens(algorithm).to_vec();
    let guard = Guard::builder(ISSUER, AUDIENCE).with_keys(fixture.key(algorithm).verifying_key()).unwrap();
    Box::new(move |at| {
        let claims = guard.verify_now(black_box(&tokens[at % tokens.len()])).unwrap();
        black_box(claims.subject());
    })
}

fn sign(algorithm: Algorithm, fixture: &Fixture) -> Call {
    let key = fixture.key(algorithm);
    let key = tokenry_jwt::SigningKey::from_bytes(algorithm, &key.to_bytes()).unwrap().with_key_id(key.key_id());
    let claims = Claims::new(0);
    Box::new(move |_| _ = black_box(key.sign("at+jwt", black_box(&claims)).unwrap()))
}
