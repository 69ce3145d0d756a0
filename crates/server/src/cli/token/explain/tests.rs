use tokenry_jwt::{Algorithm, JwkSet, SigningKey, VerifyingKey};

use super::*;

const NOW: i64 = 1_764_000_000;

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap()
}

fn codes(claims: &Value, typ: &str) -> Vec<&'static str> {
    codes_of(&key().sign(typ, claims).unwrap())
}

fn codes_of(token: &str) -> Vec<&'static str> {
    let keys = KeySet::from(key().verifying_key());
    let question = Question {
        keys: Some(&keys),
        pem: None,
        issuer: Some("https://a.example".to_owned()),
        audience: Some("orders".to_owned()),
        typ: "at+jwt".to_owned(),
        now: NOW,
    };
    question.explain(token).of(Severity::Problem).map(Finding::code).collect()
}

fn good() -> Value {
    json!({ "iss": "https://a.example", "aud": "orders", "sub": "kim", "iat": NOW - 10, "exp": NOW + 60 })
}

#[test]
fn a_good_token_has_no_problem() {
    assert_eq!(codes(&good(), "at+jwt"), Vec::<&str>::new());
}

#[test]
fn all_problems_are_found_at_once() {
    let claims = json!({ "iss": "http://a.example/", "aud": "billing", "sub": "", "exp": NOW - 180 });
    assert_eq!(codes(&claims, "rt+jwt"), ["type", "expired", "invalid_claim", "issuer", "audience"]);
}

#[test]
fn what_was_pasted_around_it_is_seen_through() {
    let token = key().sign("at+jwt", &good()).unwrap();
    assert_eq!(codes_of(&format!(" Bearer {token}\n")), ["pasted"]);
    assert_eq!(codes_of(&format!("\"{token}\"")), ["pasted"]);
}

#[test]
fn an_altered_token_and_a_strange_key_are_told_apart() {
    let token = key().sign("at+jwt", &good()).unwrap();
    let other = SigningKey::from_secret(Algorithm::Hs256, &[8; 32]).unwrap().sign("at+jwt", &good()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(codes_of(&format!("{signed}.{signature}")), ["signature"]);
}

#[test]
fn a_well_known_secret_is_named() {
    let mut bytes = b"your-256-bit-secret".to_vec();
    bytes.resize(32, 0);
    let token = SigningKey::from_secret(Algorithm::Hs256, &bytes).unwrap().sign("at+jwt", &good()).unwrap();
    assert_eq!(codes_of(&token), ["weak_secret", "signature"]);
}

#[test]
fn nothing_breaks_it() {
    for token in ["", ".", "..", "a.b.c", "a.b.c.d.e", "\u{0}", "💥.💥.💥", &"a".repeat(100_000)] {
        assert!(!codes_of(token).is_empty(), "{token}");
    }
}

/// The vectors that the page's modules run, too.
#[test]
fn each_vector_gives_its_findings_in_the_same_words() {
    let vectors = vectors("debugger/findings.json");
    let now = vectors["now"].as_i64().unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let (keys, pem) = match case["key"].as_str() {
            Some(name) => keys(&vectors["keys"][name]),
            None => (None, None),
        };
        let expected = |name: &str| case["question"][name].as_str().map(str::to_owned);
        let question = Question {
            keys: keys.as_ref(),
            pem: pem.as_deref(),
            issuer: expected("issuer"),
            audience: expected("audience"),
            typ: expected("typ").unwrap_or_default(),
            now,
        };
        let found = question.explain(case["token"].as_str().unwrap()).findings;
        let said: Vec<Value> = found.iter().map(|finding| json!([finding.id, finding.text()])).collect();
        assert_eq!(json!(said), case["findings"], "{}", case["name"]);
    }
}

#[test]
fn the_verifier_and_the_findings_agree_on_its_vectors() {
    let vectors = vectors("jwt/verify.json");
    let keys = keys(&vectors).0;
    for case in vectors["cases"].as_array().unwrap() {
        let question = Question {
            keys: keys.as_ref(),
            pem: None,
            issuer: vectors["issuer"].as_str().map(str::to_owned),
            audience: vectors["audience"].as_str().map(str::to_owned),
            typ: "at+jwt".to_owned(),
            now: vectors["now"].as_i64().unwrap(),
        };
        let found = question.explain(case["token"].as_str().unwrap());
        let accepted = case["reason"] == "ok";
        assert_eq!(found.verdict().is_ok(), accepted, "{}: {}", case["name"], found.as_json());
    }
}

fn vectors(name: &str) -> Value {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(name);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn keys(given: &Value) -> (Option<KeySet>, Option<String>) {
    let algorithm = || given["alg"].as_str().unwrap().parse().unwrap();
    if let Some(secret) = given["secret"].as_str() {
        return (Some(KeySet::from(VerifyingKey::from_secret(algorithm(), secret.as_bytes()).unwrap())), None);
    }
    if let Some(pem) = given["pem"].as_str() {
        return (Some(KeySet::from(VerifyingKey::from_pem(algorithm(), pem).unwrap())), Some(pem.to_owned()));
    }
    (Some(KeySet::from(JwkSet::parse(given["jwks"].to_string().as_bytes()).unwrap())), None)
}
