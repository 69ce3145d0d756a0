//! The vectors that all languages share: `vectors/jwt/*.json` at the root of the repository.
#![allow(clippy::unwrap_used)]

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use tokenry_jwt::{Jwk, JwkSet, KeySet, Verifier, VerifyingKey};

#[test]
fn signatures_of_the_rfcs() {
    for case in read("rfc.json")["verify"].as_array().unwrap() {
        let key = match case.get("secret_jwk") {
            Some(jwk) => VerifyingKey::from_secret_jwk(jwk.to_string().as_bytes()),
            None => VerifyingKey::from_jwk(&Jwk::parse(case["jwk"].to_string().as_bytes()).unwrap()),
        };
        let verifier = Verifier::new(text(case, "issuer"), ["any"]).typ(text(case, "typ"));
        let result = verifier.verify_genuine(text(case, "token"), &KeySet::from(key.unwrap()));
        let outcome = result.as_ref().map_or_else(|error| error.reason(), |_| "ok");
        assert_eq!(outcome, text(case, "outcome"), "{}", case["name"]);
    }
}

#[test]
fn thumbprints_of_the_rfcs() {
    for case in read("rfc.json")["thumbprints"].as_array().unwrap() {
        let jwk = Jwk::parse(case["jwk"].to_string().as_bytes()).unwrap();
        assert_eq!(jwk.thumbprint(), text(case, "thumbprint"), "{}", case["source"]);
    }
}

#[test]
fn key_sets_of_the_rfcs() {
    for case in read("rfc.json")["sets"].as_array().unwrap() {
        let set = JwkSet::parse(case["set"].to_string().as_bytes()).unwrap();
        let kids: Vec<_> = set.keys.iter().map(|jwk| jwk.key_id().unwrap()).collect();
        assert_eq!(json!(kids), case["kids"], "{}", case["source"]);
    }
}

#[test]
fn tokens_good_and_bad() {
    let file = read("verify.json");
    let keys = KeySet::from(JwkSet::parse(file["jwks"].to_string().as_bytes()).unwrap());
    let verifier = Verifier::new(text(&file, "issuer"), [text(&file, "audience")]);
    for case in file["cases"].as_array().unwrap() {
        let result = verifier.verify(text(case, "token"), &keys, file["now"].as_i64().unwrap());
        let (code, reason) = match &result {
            Ok(claims) => {
                assert_eq!(claims.to::<Value>().unwrap(), case["claims"], "{}", case["name"]);
                ("ok", "ok")
            }
            Err(error) => (error.code(), error.reason()),
        };
        assert_eq!((code, reason), (text(case, "code"), text(case, "reason")), "{}", case["name"]);
    }
}

/// The expectations stand here, not in the verifier; the key is that of RFC 8037 appendix A.1.
/// The shared file is what this code makes: with `UPDATE_VECTORS` set it is written anew.
#[test]
fn the_tokens_are_reproducible() {
    let seed = BASE64.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let sign_encoded = |header: &str, payload: &str| {
        let signed = format!("{header}.{payload}");
        format!("{signed}.{}", BASE64.encode(pair.sign(signed.as_bytes())))
    };
    let sign = |header: &str, payload: &str| sign_encoded(&BASE64.encode(header), &BASE64.encode(payload));
    let head = r#"{"alg":"EdDSA","kid":"rfc8037","typ":"at+jwt"}"#;
    let now = 1_764_000_000_i64;
    let base = json!({
        "iss": "https://auth.example.com", "aud": "orders", "sub": "kimalo",
        "iat": now, "exp": now + 3600, "jti": "1", "sid": "s"
    });
    let with = |name: &str, value: Value| {
        let mut claims = base.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = base.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let plain = base.to_string();
    let honest = sign(head, &plain);
    let (signed, signature) = honest.rsplit_once('.').unwrap();
    let extra = |member: &str| sign(head, &format!("{},{member}}}", plain.strip_suffix('}').unwrap()));
    let raw = |value: &str| sign(head, &with("sub", json!("SUB")).to_string().replace("SUB", value));

    let mut cases = Vec::new();
    let good = |name: &str, header: &str, claims: Value| {
        let token = sign(header, &claims.to_string());
        json!({ "name": name, "token": token, "code": "ok", "reason": "ok", "claims": claims })
    };
    cases.push(good("honest", head, base.clone()));
    cases.push(good("audience in an array", head, with("aud", json!(["billing", "orders"]))));
    cases.push(good("expiry with a fraction", head, with("exp", json!(now as f64 + 0.5))));
    cases.push(good("without sid", head, without("sid")));
    cases.push(good("no kid", r#"{"alg":"EdDSA","typ":"at+jwt"}"#, base.clone()));
    cases.push(good("typ in full", r#"{"alg":"EdDSA","typ":"Application/AT+JWT"}"#, base.clone()));
    cases.push(good("alg by its newer name", r#"{"alg":"Ed25519","typ":"at+jwt"}"#, base.clone()));
    cases.push(good("unknown header member", r#"{"alg":"EdDSA","typ":"at+jwt","x":1}"#, base.clone()));

    let claims = |claims: Value| sign(head, &claims.to_string());
    let header = |header: &str| sign(header, &plain);
    let bad = [
        ("expired this second", claims(with("exp", json!(now))), "expired"),
        ("expired long ago", claims(with("exp", json!(1))), "expired"),
        ("not yet valid", claims(with("nbf", json!(now + 1))), "not_yet_valid"),
        ("issued in the future", claims(with("iat", json!(now + 61))), "issued_in_future"),
        ("no exp", claims(without("exp")), "missing_claim"),
        ("no sub", claims(without("sub")), "missing_claim"),
        ("no iss", claims(without("iss")), "missing_claim"),
        ("no aud", claims(without("aud")), "missing_claim"),
        ("milliseconds in exp", claims(with("exp", json!(1_480_849_147_370_i64))), "milliseconds"),
        ("milliseconds in iat", claims(with("iat", json!(1_764_000_000_000_i64))), "milliseconds"),
        ("exp as a string", claims(with("exp", json!("1764003600"))), "invalid_claim"),
        ("exp negative", claims(with("exp", json!(-1))), "invalid_claim"),
        ("other issuer", claims(with("iss", json!("https://evil.example"))), "issuer"),
        ("issuer with a slash more", claims(with("iss", json!("https://auth.example.com/"))), "issuer"),
        ("other audience", claims(with("aud", json!("billing"))), "audience"),
        ("no audience in the array", claims(with("aud", json!([]))), "audience"),
        ("audience a number", claims(with("aud", json!(["orders", 1]))), "invalid_claim"),
        ("subject empty", claims(with("sub", json!(""))), "invalid_claim"),
        ("subject with a control character", claims(with("sub", json!("a\nb"))), "invalid_claim"),
        ("subject a number", claims(with("sub", json!(1))), "invalid_claim"),
        ("refresh token", header(r#"{"alg":"EdDSA","kid":"rfc8037","typ":"rt+jwt"}"#), "type"),
        ("no typ", header(r#"{"alg":"EdDSA","kid":"rfc8037"}"#), "type"),
        ("alg none", header(r#"{"alg":"none","kid":"rfc8037","typ":"at+jwt"}"#), "algorithm"),
        ("alg of another family", header(r#"{"alg":"HS256","kid":"rfc8037","typ":"at+jwt"}"#), "algorithm"),
        ("alg in lower case", header(r#"{"alg":"eddsa","kid":"rfc8037","typ":"at+jwt"}"#), "algorithm"),
        ("unknown kid", header(r#"{"alg":"EdDSA","kid":"other","typ":"at+jwt"}"#), "unknown_key"),
        ("crit", header(r#"{"alg":"EdDSA","typ":"at+jwt","b64":true,"crit":["b64"]}"#), "critical"),
        ("duplicate header member", header(r#"{"alg":"none","alg":"EdDSA","typ":"at+jwt"}"#), "malformed"),
        ("duplicate claim", extra(r#""sub":"admin""#), "malformed"),
        ("duplicate claim behind an escape", extra(r#""s\u0075b":"admin""#), "malformed"),
        ("duplicate member deep down", extra(r#""x":[{"a":1,"a":2}]"#), "malformed"),
        ("lone surrogate", raw(r"\ud800"), "malformed"),
        ("number past a float", extra(r#""x":1e999"#), "malformed"),
        ("nested too deeply", extra(&format!(r#""x":{}{}"#, "[".repeat(40), "]".repeat(40))), "malformed"),
        ("not an object", sign(head, "[]"), "malformed"),
        ("byte order mark", sign(head, &format!("\u{feff}{plain}")), "malformed"),
        ("padding", format!("{honest}=="), "malformed"),
        ("line feed at the end", format!("{honest}\n"), "malformed"),
        ("a fourth part", format!("{honest}.AA"), "malformed"),
        ("two parts", signed.to_owned(), "malformed"),
        ("no signature", format!("{signed}."), "signature"),
        ("a signature of zeros", format!("{signed}.{}", BASE64.encode([0; 64])), "signature"),
        ("payload of another token", sign_with(signature, head, &with("sub", json!("admin"))), "signature"),
        ("a very long token", format!("{honest}{}", "A".repeat(20_000)), "too_large"),
    ];
    for (name, token, reason) in bad {
        let code = if reason == "expired" { "token_expired" } else { "token_invalid" };
        cases.push(json!({ "name": name, "token": token, "code": code, "reason": reason }));
    }
    let file = json!({
        "about": "Tokens to verify with the key set, issuer, audience and time given here, typ at+jwt, leeway 0. code is the code on the wire, reason the exact one.",
        "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "rfc8037",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] },
        "issuer": "https://auth.example.com", "audience": "orders", "now": now, "cases": cases,
    });
    let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(path("verify.json"), &text).unwrap();
    }
    assert!(std::fs::read_to_string(path("verify.json")).unwrap() == text, "run with UPDATE_VECTORS=1");
}

fn sign_with(signature: &str, header: &str, claims: &Value) -> String {
    format!("{}.{}.{signature}", BASE64.encode(header), BASE64.encode(claims.to_string()))
}

fn read(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

fn path(name: &str) -> String {
    format!("{}/../../vectors/jwt/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}
