//! The pages in a real browser: axe, a keyboard, no script, payloads, other sites' forms, weight and paint.
//!
//! The tests are JavaScript, in `tests/browser`; `cargo xtask test` installs what they need and says where it is.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../benches/serve/client.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod client;
#[path = "process/program.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use program::Program;

#[test]
fn people_get_along_and_strangers_get_nowhere() {
    run("pages.test.mjs");
}

#[test]
fn nothing_that_is_shown_back_runs() {
    run("security.test.mjs");
}

#[test]
fn pages_are_light_and_hold_still() {
    run("speed.test.mjs");
}

/// Runs one file of tests against servers of its own. Node looks for packages beside the script.
fn run(script: &str) {
    let installed = std::env::var_os("XTASK_BROWSER");
    let installed: PathBuf = installed
        .unwrap_or_else(|| panic!("XTASK_BROWSER is not set: run `cargo xtask test`, which installs it"))
        .into();
    let beside = tempfile::tempdir_in(&installed).unwrap();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "mjs") {
            std::fs::copy(&file, beside.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    let (open, strict) = (Program::new(), Program::new());
    let site = open.serve();
    let strict_site = strict.serve_with(&[("TOKENRY_SIGNUP__MODE", "closed"), ("TOKENRY_RATE_LIMIT__ENABLED", "true")]);
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .arg(beside.path().join(script))
        .env("TOKENRY_URL", format!("http://{}", site.address()))
        .env("TOKENRY_STRICT_URL", format!("http://{}", strict_site.address()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
