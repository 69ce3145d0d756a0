//! Third parties' libraries for the tests: a Python environment and npm packages under `target/interop`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{root, run};

/// Where the tests find them.
pub(crate) struct Interop {
    pub(crate) python: PathBuf,
    pub(crate) node_modules: PathBuf,
}

/// Installs the packages that `tests/interop` pins, unless exactly these are there.
pub(crate) fn prepare() -> Result<Interop, String> {
    let from = root().join("tests/interop");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let to = target.join("interop");
    fs::create_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
    let venv = to.join("venv");
    unless_made(&from.join("requirements.txt"), &to.join("requirements.stamp"), || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(venv.join("bin/python")).args(pip).arg(from.join("requirements.txt")))
    })?;
    unless_made(&from.join("package-lock.json"), &to.join("package-lock.stamp"), || {
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(from.join(name), to.join(name)).map_err(|error| format!("{name}: {error}"))?;
        }
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(&to))
    })?;
    Ok(Interop { python: venv.join("bin/python"), node_modules: to.join("node_modules") })
}

fn unless_made(list: &Path, stamp: &Path, make: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let wanted = fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?;
    if fs::read(stamp).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    make()?;
    fs::write(stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}
