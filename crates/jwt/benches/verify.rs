//! What verifying a token costs beside the bare signature check, and beside jsonwebtoken.
//!
//! `cargo bench -p tokenry-jwt --bench verify` prints the table; with `-- --check` it fails when a bound is missed.
//! The candidates take turns in every round, and the medians of the rounds' ratios are compared: the machine's noise
//! falls on all of them alike.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use tokenry_jwt::{Algorithm, KeySet, SigningKey, Verifier};

fn main() -> ExitCode {
    let check = std::env::args().any(|arg| arg == "--check");
    println!(
        "{:<8} {:>12} {:>10} {:>7} {:>7} {:>14} {:>7}",
        "", "primitive ns", "tokenry", "ratio", "bound", "jsonwebtoken", "ratio"
    );
    let mut missed = false;
    for (algorithm, bound) in BOUNDS {
        missed |= !row(*algorithm, *bound, "at+jwt");
    }
    println!("with a header that must be parsed:");
    for (algorithm, bound) in BOUNDS {
        missed |= !row(*algorithm, *bound, "application/at+jwt");
    }
    if check && missed {
        println!("a bound was missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Measures one algorithm; whether it kept its bounds.
fn row(algorithm: Algorithm, bound: f64, typ: &str) -> bool {
    let key = SigningKey::generate(algorithm).unwrap();
    let token = key.sign(typ, &claims()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();

    let verifier = Verifier::new(ISSUER, [AUDIENCE]);
    let keys = KeySet::from(key.verifying_key());
    let tokenry = || {
        let claims = verifier.verify(black_box(&token), &keys, NOW).unwrap();
        black_box(claims.subject());
    };

    let primitive = primitive(&key);
    let primitive = || primitive(black_box(message.as_bytes()), black_box(&signature));

    let (peer_key, validation) = peer(&key);
    let peer = || {
        let data = jsonwebtoken::decode::<PeerClaims>(black_box(&token), &peer_key, &validation);
        black_box(data.unwrap().claims.sub.as_str());
    };

    // The number of calls that take about two milliseconds.
    let started = Instant::now();
    (0..20).for_each(|_| primitive());
    let calls = (20.0 * 2e6 / started.elapsed().as_nanos() as f64).clamp(4.0, 4000.0) as u32;

    let mut rounds: Vec<[f64; 3]> =
        (0..ROUNDS + WARM_UP).map(|_| [time(calls, &primitive), time(calls, &tokenry), time(calls, &peer)]).collect();
    rounds.drain(..WARM_UP);
    let of = |value: fn(&[f64; 3]) -> f64| median(rounds.iter().map(value).collect());
    let ratio = of(|r| r[1] / r[0]);
    let against_peer = of(|r| r[1] / r[2]);
    println!(
        "{:<8} {:>12.0} {:>10.0} {:>7.3} {:>7.2} {:>14.0} {:>7.3}",
        algorithm.name(),
        of(|r| r[0]),
        of(|r| r[1]),
        ratio,
        bound,
        of(|r| r[2]),
        against_peer,
    );
    if algorithm == Algorithm::Hs256 && typ == "at+jwt" {
        rust_crypto(&key, message.as_bytes(), &signature, calls);
    }
    ratio <= bound && against_peer < 1.0
}

/// The HMAC of RustCrypto, which the crate uses, beside that of aws-lc-rs.
fn rust_crypto(key: &SigningKey, message: &[u8], signature: &[u8], calls: u32) {
    let prepared = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key.to_bytes()).unwrap();
    let verify = || prepared.clone().chain_update(black_box(message)).verify_slice(black_box(signature)).unwrap();
    let nanoseconds = median((0..ROUNDS).map(|_| time(calls, &verify)).collect());
    println!("{:<8} {nanoseconds:>12.0}  (RustCrypto; the primitive above is aws-lc-rs)", "");
}

/// Checks a message's signature.
type Check = Box<dyn Fn(&[u8], &[u8])>;

/// The library's own check with a key that was parsed before.
fn primitive(key: &SigningKey) -> Check {
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::EdDsa => &signature::ED25519,
        _ => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key.to_bytes());
            return Box::new(move |message, tag| aws_lc_rs::hmac::verify(&key, message, tag).unwrap());
        }
    };
    let public = ParsedPublicKey::new(algorithm, public_bytes(key)).unwrap();
    Box::new(move |message, signature| public.verify_sig(message, signature).unwrap())
}

fn public_bytes(key: &SigningKey) -> Vec<u8> {
    use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
    let der = key.to_bytes();
    match key.algorithm() {
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der);
            pair.unwrap().public_key().as_ref().to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap().public_key().as_ref().to_vec(),
        _ => RsaKeyPair::from_pkcs8(&der).unwrap().public_key().as_ref().to_vec(),
    }
}

fn peer(key: &SigningKey) -> (jsonwebtoken::DecodingKey, jsonwebtoken::Validation) {
    let decoding = match key.public_jwk() {
        Some(jwk) => {
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(serde_json::to_value(&jwk).unwrap()).unwrap();
            jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap()
        }
        None => jsonwebtoken::DecodingKey::from_secret(&key.to_bytes()),
    };
    let mut validation = jsonwebtoken::Validation::new(key.algorithm().name().parse().unwrap());
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    (decoding, validation)
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what an application would read")]
struct PeerClaims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    jti: String,
    sid: String,
    scope: Option<String>,
}

/// A token of about 350 to 400 bytes.
fn claims() -> serde_json::Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "01890a5d-ac96-774b-bcce-b302099a8057",
        "iat": NOW, "exp": 4_102_444_800_i64, "jti": "6x1NgtRc9zLxGfQ0K2Wn4A",
        "sid": "01890a5d-ac96-774b-bcce-b302099a8058", "scope": "orders:read"
    })
}

/// Nanoseconds a call.
fn time(calls: u32, work: &dyn Fn()) -> f64 {
    let started = Instant::now();
    for _ in 0..calls {
        work();
    }
    started.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The most that verifying may cost, as a multiple of the bare signature check.
const BOUNDS: &[(Algorithm, f64)] =
    &[(Algorithm::EdDsa, 1.10), (Algorithm::Es256, 1.10), (Algorithm::Rs256, 1.10), (Algorithm::Hs256, 4.0)];
const ROUNDS: usize = 100;
const WARM_UP: usize = 5;
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "orders";
const NOW: i64 = 1_764_000_000;
