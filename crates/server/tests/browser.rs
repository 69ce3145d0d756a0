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

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use program::Program;
use tempfile::TempDir;

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

#[test]
fn people_come_from_an_independent_provider_and_link_it() {
    let (beside, program) = (beside(), Program::new());
    std::fs::copy(scripts().join("../social/oidc_provider.mjs"), beside.path().join("oidc_provider.mjs")).unwrap();
    let upstream = Upstream::start(&beside.path().join("oidc_provider.mjs"));
    let site = program.serve_as(
        None,
        &[
            ("TOKENRY_ADMIN__TOKEN", ADMIN_TOKEN),
            ("TOKENRY_SOCIAL__UPSTREAM__ISSUER", &upstream.issuer),
            ("TOKENRY_SOCIAL__UPSTREAM__CLIENT_ID", "tokenry"),
            ("TOKENRY_SOCIAL__UPSTREAM__CLIENT_SECRET", UPSTREAM_SECRET),
            ("TOKENRY_SOCIAL__UPSTREAM__LABEL", "Upstream"),
            ("TOKENRY_SOCIAL__UPSTREAM__TRUST_EMAIL", "true"),
        ],
    );
    let url = format!("http://{}", site.address());
    node(
        &beside.path().join("social.test.mjs"),
        &[("TOKENRY_URL", &url), ("TOKENRY_UPSTREAM_URL", &upstream.issuer), ("TOKENRY_ADMIN_TOKEN", ADMIN_TOKEN)],
    );
}

#[test]
fn links_in_mails_do_nothing_when_opened_and_what_they_are_for_when_pressed() {
    let (beside, program) = (beside(), Program::new());
    let site = program.serve_as(None, &[]);
    let url = format!("http://{}", site.address());
    node(&beside.path().join("links.test.mjs"), &[("TOKENRY_URL", &url)]);
}

/// The provider's process, ended when dropped.
struct Upstream {
    process: Child,
    issuer: String,
}

impl Upstream {
    fn start(script: &Path) -> Self {
        let mut process = Command::new("node")
            .arg(script)
            .env("UPSTREAM_SECRET", UPSTREAM_SECRET)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).unwrap();
        Self { process, issuer }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs one file of tests against servers of its own.
fn run(script: &str) {
    let beside = beside();
    let (open, strict) = (Program::new(), Program::new());
    let site = open.serve();
    let strict_site = strict.serve_with(&[("TOKENRY_SIGNUP__MODE", "closed"), ("TOKENRY_RATE_LIMIT__ENABLED", "true")]);
    let (url, strict_url) = (format!("http://{}", site.address()), format!("http://{}", strict_site.address()));
    node(&beside.path().join(script), &[("TOKENRY_URL", &url), ("TOKENRY_STRICT_URL", &strict_url)]);
}

/// The scripts beside the packages that they need: that is where Node looks for them.
fn beside() -> TempDir {
    let installed = std::env::var_os("XTASK_BROWSER");
    let installed: PathBuf = installed
        .unwrap_or_else(|| panic!("XTASK_BROWSER is not set: run `cargo xtask test`, which installs it"))
        .into();
    let beside = tempfile::tempdir_in(&installed).unwrap();
    for entry in std::fs::read_dir(scripts()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "mjs") {
            std::fs::copy(&file, beside.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    beside
}

fn node(script: &Path, variables: &[(&str, &str)]) {
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .arg(script)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser")
}

const ADMIN_TOKEN: &str = "the-token-of-the-admin";
const UPSTREAM_SECRET: &str = "a secret that the provider knows";
