//! What the tests need besides Rust.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::run;

struct Need {
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    /// Debian's package.
    package: &'static str,
    /// Where to get it elsewhere.
    elsewhere: &'static str,
}

/// Installs what is missing as root on a Debian system; elsewhere names it and fails.
pub(crate) fn ensure() -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !is_there(need.probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !(Path::new("/etc/debian_version").exists() && is_root()) {
        let lines = missing.iter().map(|need| format!("\n  {} ({})", need.package, need.elsewhere));
        return Err(format!("missing, please install:{}", lines.collect::<String>()));
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command
    };
    run(apt().args(["update", "-q"]))?;
    run(apt().args(["install", "-q", "-y", "--no-install-recommends"]).args(missing.iter().map(|need| need.package)))?;
    match missing.iter().find(|need| !is_there(need.probe)) {
        Some(need) => Err(format!("{} was installed and does not work", need.package)),
        None => Ok(()),
    }
}

fn is_there(probe: &[&str]) -> bool {
    let quiet = || Stdio::null();
    let [program, arguments @ ..] = probe else { return false };
    let status = Command::new(program).args(arguments).stdin(quiet()).stdout(quiet()).stderr(quiet()).status();
    status.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

const NEEDS: &[Need] = &[
    Need { probe: &["cc", "--version"], package: "gcc", elsewhere: "any C compiler" },
    Need { probe: &["cmake", "--version"], package: "cmake", elsewhere: "cmake.org" },
    Need {
        probe: &["python3", "-c", "import venv, ensurepip"],
        package: "python3-venv",
        elsewhere: "Python 3.10 or newer with venv, python.org",
    },
    Need { probe: &["node", "--version"], package: "nodejs", elsewhere: "Node.js 18 or newer, nodejs.org" },
    Need { probe: &["npm", "--version"], package: "npm", elsewhere: "comes with Node.js, nodejs.org" },
];
