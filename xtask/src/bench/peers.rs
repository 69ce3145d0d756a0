use std::fs;
use std::path::PathBuf;

use crate::interop::{npm, python};
use crate::run::{cargo, root, run, target_directory};

/// Other people's libraries, ready to be measured.
pub(super) struct Peers {
    /// The program of `peers/rust`.
    pub(super) rust: PathBuf,
    /// The scripts of `peers/node`, beside their packages.
    pub(super) node: PathBuf,
    /// The Python that has the packages of `peers/python`.
    pub(super) python: PathBuf,
    /// The scripts of `peers/python`.
    pub(super) scripts: PathBuf,
}

impl Peers {
    /// Installs and builds what `bench/compare/peers` pins.
    pub(super) fn prepare() -> Result<Self, String> {
        let from = root().join("bench/compare/peers");
        let target = target_directory()?;
        let (manifest, to) = (from.join("rust/Cargo.toml"), target.join("peers-rust"));
        let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"]);
        run(build.arg(manifest).arg("--target-dir").arg(&to))?;
        let node = target.join("peers-node");
        npm(&from.join("node"), &node)?;
        // Modules are looked for beside the script that names them.
        for script in ["ask.js", "serve.js", "refresh.js"] {
            fs::copy(from.join("node").join(script), node.join(script))
                .map_err(|error| format!("{script}: {error}"))?;
        }
        let scripts = from.join("python");
        let python = python(&scripts, &target.join("peers-python"))?;
        Ok(Self { rust: to.join("release/peers"), node, python, scripts })
    }
}
