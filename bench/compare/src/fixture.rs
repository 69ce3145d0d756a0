use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use tokenry_jwt::{Algorithm, SigningKey};

/// What all who are compared are given: the same keys, the same tokens, the same claims to sign.
pub(crate) struct Fixture {
    keys: Vec<Given>,
}

struct Given {
    key: SigningKey,
    tokens: Vec<String>,
}

/// The claims of a token of about 350 to 400 bytes.
#[derive(Serialize)]
pub(crate) struct Claims {
    iss: &'static str,
    aud: &'static str,
    sub: String,
    exp: i64,
    iat: i64,
    jti: String,
    sid: String,
    scope: &'static str,
}

impl Claims {
    /// Those of the n-th token.
    pub(crate) fn new(number: usize) -> Self {
        Self {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: SUBJECT.to_owned(),
            exp: 4_102_444_800,
            iat: NOW,
            jti: format!("6x1NgtRc9zLxGf{number:08x}"),
            sid: format!("01890a5d-ac96-774b-bcce-{number:012x}"),
            scope: "orders:read",
        }
    }
}

impl Fixture {
    /// New keys, and some tokens of each.
    pub(crate) fn new(algorithms: &[Algorithm]) -> Self {
        let given = |algorithm: &Algorithm| {
            let key = SigningKey::generate(*algorithm).unwrap();
            let tokens = (0..TOKENS).map(|number| token(&key, number)).collect();
            Given { key, tokens }
        };
        Self { keys: algorithms.iter().map(given).collect() }
    }

    pub(crate) fn key(&self, algorithm: Algorithm) -> &SigningKey {
        &self.given(algorithm).key
    }

    pub(crate) fn tokens(&self, algorithm: Algorithm) -> &[String] {
        &self.given(algorithm).tokens
    }

    /// For programs in other languages.
    pub(crate) fn write(&self, path: &Path) {
        let keys: serde_json::Map<String, Value> = self.keys.iter().map(|given| (name(given), entry(given))).collect();
        let fixture = json!({ "issuer": ISSUER, "audience": AUDIENCE, "claims": Claims::new(0), "keys": keys });
        fs::write(path, fixture.to_string()).unwrap();
    }

    fn given(&self, algorithm: Algorithm) -> &Given {
        self.keys.iter().find(|given| given.key.algorithm() == algorithm).unwrap()
    }
}

/// The n-th token of a key.
pub(crate) fn token(key: &SigningKey, number: usize) -> String {
    key.sign("at+jwt", &Claims::new(number)).unwrap()
}

/// The secret or PKCS#8 of an algorithm, and its key's name, as [`Fixture::write`] wrote them.
pub(crate) fn read_key(path: &Path, algorithm: Algorithm) -> SigningKey {
    let fixture: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let entry = &fixture["keys"][algorithm.name()];
    let private = STANDARD.decode(entry["private"].as_str().unwrap()).unwrap();
    SigningKey::from_bytes(algorithm, &private).unwrap().with_key_id(entry["kid"].as_str().unwrap())
}

fn name(given: &Given) -> String {
    given.key.algorithm().name().to_owned()
}

fn entry(given: &Given) -> Value {
    json!({
        "kid": given.key.key_id(),
        "private": STANDARD.encode(&*given.key.to_bytes()),
        "jwk": given.key.public_jwk(),
        "tokens": given.tokens,
    })
}

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "orders";
pub(crate) const SUBJECT: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
pub(crate) const NOW: i64 = 1_764_000_000;
/// Few enough for every cache.
const TOKENS: usize = 64;
