//! Third parties' libraries for the tests: a Python environment and npm packages under `target/interop`, and what drives
//! a browser under `target/browser`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{root, run, target_directory};

/// Where the tests find them.
pub(crate) struct Interop {
    pub(crate) python: PathBuf,
    pub(crate) node_modules: PathBuf,
    /// Where `node_modules` of the browser tests are.
    pub(crate) browser: PathBuf,
    /// Value of `NODE_OPTIONS`.
    pub(crate) node_options: String,
}

/// Installs the packages that `tests/interop` pins, unless exactly these are there.
pub(crate) fn prepare() -> Result<Interop, String> {
    let from = root().join("tests/interop");
    let to = target_directory()?.join("interop");
    let python = python(&from, &to)?;
    let node_modules = npm(&from, &to)?;
    let browser = target_directory()?.join("browser");
    npm(&root().join("tests/browser"), &browser)?;
    Ok(Interop { python, node_modules, browser, node_options: node_options() })
}

/// A Python with the packages that `from` pins, in `to`.
pub(crate) fn python(from: &Path, to: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let venv = to.join("venv");
    let python = venv.join("bin/python");
    let wanted = read(from, &["requirements.txt"])?;
    unless_made(&wanted, &to.join("requirements.stamp"), &python, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&python).args(pip).arg(from.join("requirements.txt")))
    })?;
    Ok(python)
}

/// Installs the packages that `from` pins into `to`.
pub(crate) fn npm(from: &Path, to: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let node_modules = to.join("node_modules");
    let wanted = read(from, NPM)?;
    unless_made(&wanted, &to.join("package-lock.stamp"), &node_modules, || {
        for name in NPM {
            fs::copy(from.join(name), to.join(name)).map_err(|error| format!("{name}: {error}"))?;
        }
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(to))
    })?;
    Ok(node_modules)
}

/// Node.js 18, which Debian 12 has, offers the Web Crypto that jose uses only when asked.
fn node_options() -> String {
    let set =
        std::env::var_os("NODE_OPTIONS").map(|options| options.to_string_lossy().into_owned()).unwrap_or_default();
    // Not `crypto`: under `-e` that is the module of the name, which is always there.
    let probe = Command::new("node").args(["-e", "process.exit(globalThis.CryptoKey ? 0 : 1)"]).status();
    if probe.is_ok_and(|status| status.success()) {
        return set;
    }
    format!("{set} --experimental-global-webcrypto").trim().to_owned()
}

/// Runs `make` unless `product` is there and the stamp says that it was made from `wanted`.
pub(crate) fn unless_made(
    wanted: &[u8],
    stamp: &Path,
    product: &Path,
    make: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let made = fs::read(stamp).unwrap_or_default();
    if made == wanted && product.exists() {
        return Ok(());
    }
    // Emptied first: what is made only half must not pass for whole.
    let write = |content: &[u8]| fs::write(stamp, content).map_err(|error| format!("{}: {error}", stamp.display()));
    write(b"")?;
    make()?;
    write(wanted)
}

fn read(folder: &Path, names: &[&str]) -> Result<Vec<u8>, String> {
    let files: Result<Vec<_>, _> = names
        .iter()
        .map(|name| fs::read(folder.join(name)).map_err(|error| format!("{}: {error}", folder.join(name).display())))
        .collect();
    Ok(files?.concat())
}

const NPM: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_made_once_and_again_when_it_changed_is_gone_or_failed() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (stamp, product) = (folder.join("stamp"), folder.join("product"));
        let made = |wanted: &str, fails: bool| {
            let mut ran = false;
            let result = unless_made(wanted.as_bytes(), &stamp, &product, || {
                ran = true;
                fs::write(&product, wanted).unwrap();
                if fails { Err("no network".to_owned()) } else { Ok(()) }
            });
            assert_eq!(result.is_err(), fails);
            ran
        };
        assert!(made("a==1", false));
        assert!(!made("a==1", false));
        assert!(made("a==2", true));
        assert!(made("a==1", false), "half of another version lies there");
        fs::remove_file(&product).unwrap();
        assert!(made("a==1", false));
        fs::remove_dir_all(&folder).unwrap();
    }
}
