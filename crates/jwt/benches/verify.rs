//! What verifying a token costs beside the bare signature check, and beside jsonwebtoken.
//!
//! `cargo bench -p tokenry-jwt --features ml-dsa --profile fast --bench verify` prints the table; with `-- --check` it fails
//! when a bound is missed. With `-- --instructions` it counts them, in valgrind: these do not depend on who else uses the
//! machine. The primitive is the fastest that there is: of HMAC, RustCrypto's.
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
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has(CALLS) {
        make_calls(&arguments);
        return ExitCode::SUCCESS;
    }
    if has("--instructions") {
        instructions();
        return ExitCode::SUCCESS;
    }
    let check = has("--check");
    println!(
        "{:<10} {:>12} {:>10} {:>7} {:>7} {:>14} {:>7} {:>7}",
        "", "primitive ns", "tokenry", "ratio", "bound", "jsonwebtoken", "ratio", "bound"
    );
    let figures: Vec<_> = bounds().into_iter().flat_map(|(algorithm, bound)| row(algorithm, bound, "at+jwt")).collect();
    println!("with a header that must be parsed (no bound):");
    for (algorithm, _) in bounds() {
        row(algorithm, f64::INFINITY, "application/at+jwt");
    }
    for (is_kept, what) in &figures {
        println!("{}: {what}", if *is_kept { "kept" } else { "missed" });
    }
    let is_missed = figures.iter().any(|(is_kept, _)| !is_kept);
    if check && is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures one algorithm; its bounds, and whether it kept them.
fn row(algorithm: Algorithm, bound: f64, typ: &str) -> Vec<(bool, String)> {
    let key = SigningKey::generate(algorithm).unwrap();
    let token = key.sign(typ, &claims()).unwrap();
    let [primitive, tokenry, peer] = candidates(&key, &token);

    // The number of calls that take about two milliseconds.
    let started = Instant::now();
    (0..20).for_each(|_| primitive());
    let calls = (20.0 * 2e6 / started.elapsed().as_nanos() as f64).clamp(4.0, 4000.0) as u32;

    let mut rounds: Vec<[f64; 3]> = (0..ROUNDS + WARM_UP)
        .map(|_| [time(calls, &*primitive), time(calls, &*tokenry), time(calls, &*peer)])
        .collect();
    rounds.drain(..WARM_UP);
    let of = |value: fn(&[f64; 3]) -> f64| median(rounds.iter().map(value).collect());
    let ratio = of(|r| r[1] / r[0]);
    let name = algorithm.name();
    print!("{name:<10} {:>12.0} {:>10.0} {ratio:>7.3} {bound:>7.2}", of(|r| r[0]), of(|r| r[1]));
    let most = if algorithm.is_symmetric() { 0.2 } else { 1.0 };
    let has_peer = name.parse::<jsonwebtoken::Algorithm>().is_ok();
    let mut figures =
        vec![(ratio <= bound, format!("verify {name}: {ratio:.3} times the bare signature (at most {bound})"))];
    if has_peer {
        let against_peer = of(|r| r[1] / r[2]);
        println!(" {:>14.0} {against_peer:>7.3} {most:>7.2}", of(|r| r[2]));
        let (faster, least) = (1.0 / against_peer, 1.0 / most);
        figures.push((
            against_peer <= most,
            format!("verify {name}: {faster:.2} times as fast as jsonwebtoken (at least {least})"),
        ));
    } else {
        println!(" {:>14}", "not offered");
    }
    figures
}

/// The bare check of the signature, this crate, and jsonwebtoken, which does nothing if it has no such algorithm.
fn candidates(key: &SigningKey, token: &str) -> [Box<dyn Fn()>; 3] {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    let check = primitive(key);
    let primitive = move || check(black_box(&message), black_box(&signature));

    let verifier = Verifier::new(ISSUER, [AUDIENCE]);
    let (keys, own) = (KeySet::from(key.verifying_key()), token.to_owned());
    let tokenry = move || {
        let claims = verifier.verify(black_box(&own), &keys, NOW).unwrap();
        black_box(claims.subject());
    };

    let (peer, token) = (peer(key), token.to_owned());
    let peer = move || {
        let Some((key, validation)) = &peer else { return };
        let data = jsonwebtoken::decode::<PeerClaims>(black_box(&token), key, validation);
        black_box(data.unwrap().claims.sub.as_str());
    };
    [Box::new(primitive), Box::new(tokenry), Box::new(peer)]
}

/// Prints the instructions of a call: what a run of many calls takes more than one of few.
fn instructions() {
    println!("instructions for a token, counted by valgrind (its processor has fewer extensions than this one)");
    println!("{:<10} {:>12} {:>10} {:>14} {:>14}", "", "primitive", "tokenry", "our overhead", "jsonwebtoken");
    for (algorithm, _) in bounds() {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("at+jwt", &claims()).unwrap();
        let secret = URL_SAFE_NO_PAD.encode(&*key.to_bytes());
        let count = |candidate: &str, calls: u64| {
            let calls = calls.to_string();
            counted(&[CALLS, algorithm.name(), candidate, &calls, &secret, key.key_id(), &token])
        };
        let of = |candidate| (count(candidate, MANY) - count(candidate, FEW)) / (MANY - FEW);
        let [primitive, tokenry, peer] = ["0", "1", "2"].map(of);
        let has_peer = algorithm.name().parse::<jsonwebtoken::Algorithm>().is_ok();
        let peer = if has_peer { peer.to_string() } else { "not offered".to_owned() };
        let overhead = tokenry.saturating_sub(primitive);
        println!("{:<10} {primitive:>12} {tokenry:>10} {overhead:>14} {peer:>14}", algorithm.name());
    }
}

/// The instructions of this program with these arguments.
fn counted(arguments: &[&str]) -> u64 {
    let mut command = std::process::Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().unwrap());
    let output = command.args(arguments).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = printed.lines().find_map(|line| line.split_once("Collected : "));
    line.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_else(|| panic!("{printed}"))
}

/// Calls one candidate with a key and a token that another process made.
fn make_calls(arguments: &[String]) {
    let at = arguments.iter().position(|argument| argument == CALLS).unwrap();
    let [algorithm, candidate, calls, secret, kid, token] = &arguments[at + 1..] else { panic!("{arguments:?}") };
    let secret = URL_SAFE_NO_PAD.decode(secret).unwrap();
    let key = SigningKey::from_bytes(algorithm.parse().unwrap(), &secret).unwrap().with_key_id(kid);
    let call = &candidates(&key, token)[candidate.parse::<usize>().unwrap()];
    (0..calls.parse().unwrap()).for_each(|_: u64| call());
}

/// Checks a message's signature.
type Check = Box<dyn Fn(&[u8], &[u8])>;

/// The library's own check with a key that was parsed before.
fn primitive(key: &SigningKey) -> Check {
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::EdDsa => &signature::ED25519,
        Algorithm::Hs256 => {
            let key = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key.to_bytes()).unwrap();
            return Box::new(move |message, tag| key.clone().chain_update(message).verify_slice(tag).unwrap());
        }
        _ => &signature::ML_DSA_44,
    };
    let public = ParsedPublicKey::new(algorithm, public_bytes(key)).unwrap();
    Box::new(move |message, signature| public.verify_sig(message, signature).unwrap())
}

fn public_bytes(key: &SigningKey) -> Vec<u8> {
    use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair, RsaKeyPair};
    let der = key.to_bytes();
    match key.algorithm() {
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der);
            pair.unwrap().public_key().as_ref().to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap().public_key().as_ref().to_vec(),
        algorithm if algorithm.name() == "ML-DSA-44" => {
            let pair = PqdsaKeyPair::from_pkcs8(&signature::ML_DSA_44_SIGNING, &der);
            pair.unwrap().public_key().as_ref().to_vec()
        }
        _ => RsaKeyPair::from_pkcs8(&der).unwrap().public_key().as_ref().to_vec(),
    }
}

/// The peer's key and rules, if it offers the algorithm.
fn peer(key: &SigningKey) -> Option<(jsonwebtoken::DecodingKey, jsonwebtoken::Validation)> {
    let algorithm = key.algorithm().name().parse().ok()?;
    let decoding = match key.public_jwk() {
        Some(jwk) => {
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(serde_json::to_value(&jwk).unwrap()).unwrap();
            jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap()
        }
        None => jsonwebtoken::DecodingKey::from_secret(&key.to_bytes()),
    };
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    Some((decoding, validation))
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
fn bounds() -> Vec<(Algorithm, f64)> {
    let mut bounds =
        vec![(Algorithm::EdDsa, 1.05), (Algorithm::Es256, 1.05), (Algorithm::Rs256, 1.05), (Algorithm::Hs256, 3.0)];
    // With the feature `ml-dsa` alone.
    bounds.extend("ML-DSA-44".parse().map(|algorithm| (algorithm, 1.05)).ok());
    bounds
}
/// What the counted process is started with.
const CALLS: &str = "--calls";
const FEW: u64 = 20;
const MANY: u64 = 120;
const ROUNDS: usize = 100;
const WARM_UP: usize = 5;
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "orders";
const NOW: i64 = 1_764_000_000;
