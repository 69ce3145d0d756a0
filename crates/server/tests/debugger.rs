//! The debugger's page: its modules by themselves, their types, and the whole of it in a real browser.
//!
//! `cargo xtask test` installs Node.js, Chromium and the packages, and says where they are.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_modules_say_what_the_terminal_says() {
    let tests = ["findings.test.mjs", "modules.test.mjs"].map(|file| folder().join(file));
    run(Command::new("node").arg("--test").args(tests));
}

#[test]
fn the_modules_types_agree() {
    run(Command::new("node").arg(packages().join("typescript/bin/tsc")).arg("--project").arg(folder()));
}

#[test]
fn the_page_works_in_a_browser_from_the_server_and_from_disk() {
    run(Command::new("node").arg("--test").arg(folder().join("browser.mjs")));
}

fn run(command: &mut Command) {
    command.env("XTASK_NODE_MODULES", packages()).env("TOKENRY_BIN", env!("CARGO_BIN_EXE_tokenry"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/debugger")
}

fn packages() -> PathBuf {
    let path = std::env::var_os("XTASK_NODE_MODULES");
    path.expect("XTASK_NODE_MODULES is not set: run `cargo xtask test`, which installs the packages").into()
}
