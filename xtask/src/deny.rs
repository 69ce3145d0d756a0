use std::process::Stdio;

use crate::run::{self, cargo};

/// Runs cargo-deny by `deny.toml`. It needs the network, for the advisories, and is installed by hand: so it is no part
/// of `test`. The crates that must not be there at all are `tidy`'s business.
pub(crate) fn run() -> Result<(), String> {
    let probe = cargo(&["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        return Err("cargo-deny is not there: cargo install --locked cargo-deny".to_owned());
    }
    run::run(&mut cargo(&["deny", "check"]))
}
