//! The SDK's own tests, with the binary that they log in at.

use std::process::Command;

use crate::interop::unless_made;
use crate::run::{cargo, root, run, target_directory};

/// Checks types, builds, and runs all tests of `sdk/js`: in Node.js, against the server, and in Chromium.
pub(crate) fn test() -> Result<(), String> {
    let folder = root().join("sdk/js");
    let target = target_directory()?;
    let lock =
        std::fs::read(folder.join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    let installed = folder.join("node_modules");
    unless_made(&lock, &target.join("sdk-js.stamp"), &installed, || {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(&folder))
    })?;
    run(&mut cargo(&["build", "--locked", "--package", "tokenry"]))?;
    let binary = target.join("debug").join("tokenry");
    run(Command::new("npm").args(["test", "--prefix"]).arg(&folder).env("TOKENRY_BIN", binary))?;
    println!("sdk/js: types, build and all tests passed");
    Ok(())
}
