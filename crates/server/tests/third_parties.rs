//! Other people's libraries: PyJWT and jose verify tokens of ours and we verify theirs; a real Django's users log in, and a
//! Django service takes their tokens.
//!
//! `cargo xtask test` installs the libraries and says where they are.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../benches/serve/client.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod client;
#[path = "third_parties/compare.rs"]
mod compare;
#[path = "third_parties/django_api.rs"]
mod django_api;
#[path = "process/program.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod program;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::{ISSUER, Program, Running};
use serde_json::{Value, json};
use tokenry_jwt::{Algorithm, KeySet, Verifier, VerifyingKey};

const PASSWORD: &str = "correct horse battery";

#[test]
fn pyjwt_and_jose_verify_our_tokens_by_the_jwks_alone() {
    for algorithm in ["EdDSA", "ES256", "ES384", "RS256", "PS256"] {
        let program = Program::new();
        let server = program.serve_with(&[("TOKENRY_TOKEN__ALGORITHM", algorithm)]);
        let (_, pair) = server.connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
        let token = pair["access_token"].as_str().unwrap();
        for verify in [python("verify.py"), node("verify.mjs")] {
            let verify = |token: &str| run(&verify, &[&server.jwks(), ISSUER, ISSUER], token);
            let claims: Value = serde_json::from_str(&verify(token).unwrap()).unwrap();
            assert_eq!(claims["sub"], pair["user"]["id"], "{algorithm}");
            let (signed, _) = token.rsplit_once('.').unwrap();
            assert!(verify(&format!("{signed}.{}", "A".repeat(86))).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn we_verify_what_pyjwt_and_jose_sign_with_a_shared_key() {
    let secret: Vec<u8> = (0..32).collect();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let claims = json!({ "iss": "https://a.example", "aud": ["orders"], "sub": "kim", "iat": 1_764_000_000, "exp": 1_764_003_600 });
    let keys = KeySet::from(VerifyingKey::from_secret(Algorithm::Hs256, &secret).unwrap());
    for sign in [python("sign.py"), node("sign.mjs")] {
        let token = run(&sign, &[&hex], &claims.to_string()).unwrap();
        let verified = Verifier::new("https://a.example", ["orders"]).verify(&token, &keys, 1_764_000_001).unwrap();
        assert_eq!(verified.subject(), "kim");
        assert!(Verifier::new("https://a.example", ["other"]).verify(&token, &keys, 1_764_000_001).is_err());
    }
}

#[test]
fn users_of_a_real_django_log_in_with_their_old_passwords() {
    let export = tempfile::tempdir().unwrap();
    run(&python("django_export.py"), &[export.path().to_str().unwrap()], "").unwrap();
    let expected: Value = serde_json::from_slice(&std::fs::read(export.path().join("expected.json")).unwrap()).unwrap();
    // Index 4711 has pk 4712; in the CSV it stands in line 4713, behind the head.
    imports(&export.path().join("dump.json"), &expected, |index| format!("(pk {})", index + 1));
    imports(&export.path().join("users.csv"), &expected, |index| format!("line {}", index + 2));
}

fn imports(file: &Path, expected: &Value, at: impl Fn(u64) -> String) {
    let program = Program::new();
    let done = program.run(&["user", "import", file.to_str().unwrap(), "--json"], "");
    assert_eq!(done.code, 1, "{done:?}");
    let summary: Value = serde_json::from_str(&done.stdout).unwrap();
    let rejected = summary["rejected"].as_array().unwrap();
    let total = expected["users"].as_u64().unwrap();
    assert_eq!(summary["imported"].as_u64().unwrap() + rejected.len() as u64, total);
    let bad = expected["bad"].as_object().unwrap();
    assert_eq!(rejected.len(), bad.len(), "{rejected:?}");
    for index in bad.keys() {
        let at = at(index.parse().unwrap());
        assert!(rejected.iter().any(|row| row["at"].as_str().unwrap().ends_with(&at)), "{at} in {rejected:?}");
        assert!(done.stderr.contains(&at));
    }
    assert!(done.stderr.contains("1000 of 10000"), "progress");
    let again = program.run(&["user", "import", file.to_str().unwrap(), "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["imported"], 0);
    let server = program.serve();
    for (scheme, login) in expected["logins"].as_object().unwrap() {
        // The second time the password is compared with the new hash.
        for _ in 0..2 {
            assert_eq!(log_in(&server, login, "").0, 200, "{scheme}");
        }
        assert_eq!(log_in(&server, login, "x").0, 401, "{scheme}");
    }
    assert_eq!(log_in(&server, &expected["disabled"], "").0, 401);
    let (_, editor) = log_in(&server, &expected["editor"], "");
    assert_eq!(editor["user"]["roles"], json!(["Content-Editors", "authors", "staff"]));
}

fn log_in(server: &Running, login: &Value, more: &str) -> (u16, Value) {
    let password = format!("{}{more}", login["password"].as_str().unwrap());
    server.connect().post("/v1/login", &json!({ "identifier": login["username"], "password": password }))
}

/// Runs a script with arguments and input. An exit code other than 0 is an error with what it wrote.
fn run((program, script): &(PathBuf, PathBuf), arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new(program)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn python(script: &str) -> (PathBuf, PathBuf) {
    (installed("XTASK_PYTHON"), scripts().join(script))
}

/// Node looks for packages beside the script.
fn node(script: &str) -> (PathBuf, PathBuf) {
    let beside = installed("XTASK_NODE_MODULES").parent().unwrap().join(script);
    std::fs::copy(scripts().join(script), &beside).unwrap();
    ("node".into(), beside)
}

fn installed(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`, which installs the libraries")).into()
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop")
}
