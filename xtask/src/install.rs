//! What the tests and the measurements need besides Rust.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::run;

struct Need {
    name: &'static str,
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    source: Source,
    /// How to get it where this program does not install it.
    elsewhere: &'static str,
}

enum Source {
    Debian(&'static [&'static str]),
    Rustup(&'static str),
}

/// Installs what is missing as root on a Debian system; elsewhere names it and fails.
pub(crate) fn ensure() -> Result<(), String> {
    ensure_all(NEEDS.iter())
}

/// The same for the measurements, which need a few things more.
pub(crate) fn ensure_for_bench() -> Result<(), String> {
    ensure_all(NEEDS.iter().chain(FOR_BENCH))
}

fn ensure_all(needs: impl Iterator<Item = &'static Need>) -> Result<(), String> {
    let missing: Vec<&Need> = needs.filter(|need| !is_there(need.probe)).collect();
    for command in plan(&missing, Path::new("/etc/debian_version").exists() && is_root())? {
        let [program, arguments @ ..] = command.as_slice() else { continue };
        run(Command::new(program).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()))?;
    }
    let still: Vec<&Need> = missing.into_iter().filter(|need| !is_there(need.probe)).collect();
    if still.is_empty() { Ok(()) } else { Err(format!("installed, and too old or broken:{}", list(&still))) }
}

/// The commands that install what is missing, or an error that names all of it.
fn plan(missing: &[&Need], may_install: bool) -> Result<Vec<Vec<&'static str>>, String> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if !may_install {
        return Err(format!("missing, please install:{}", list(missing)));
    }
    let mut packages = Vec::new();
    let mut components = Vec::new();
    for need in missing {
        match need.source {
            Source::Debian(names) => packages.extend(names),
            Source::Rustup(name) => components.push(name),
        }
    }
    let mut commands = Vec::new();
    if !packages.is_empty() {
        commands.push(vec!["apt-get", "update", "-q"]);
        commands.push([vec!["apt-get", "install", "-q", "-y", "--no-install-recommends"], packages].concat());
    }
    if !components.is_empty() {
        commands.push([vec!["rustup", "component", "add"], components].concat());
    }
    Ok(commands)
}

fn list(needs: &[&Need]) -> String {
    needs.iter().map(|need| format!("\n  {}: {}", need.name, need.elsewhere)).collect()
}

fn is_there(probe: &[&str]) -> bool {
    let [program, arguments @ ..] = probe else { return false };
    let status =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

const NEEDS: &[Need] = &[
    Need {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        source: Source::Rustup("rustfmt"),
        elsewhere: "rustup component add rustfmt",
    },
    Need {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        source: Source::Rustup("clippy"),
        elsewhere: "rustup component add clippy",
    },
    Need { name: "git", probe: &["git", "--version"], source: Source::Debian(&["git"]), elsewhere: "git-scm.com" },
    Need { name: "curl", probe: &["curl", "--version"], source: Source::Debian(&["curl"]), elsewhere: "curl.se" },
    Need {
        name: "a C compiler",
        probe: &["cc", "--version"],
        // Without recommended packages, gcc comes without the C library's headers.
        source: Source::Debian(&["gcc", "libc6-dev"]),
        elsewhere: "gcc or clang, as `cc`",
    },
    Need { name: "cmake", probe: &["cmake", "--version"], source: Source::Debian(&["cmake"]), elsewhere: "cmake.org" },
    Need {
        name: "Python 3.10 or newer with venv",
        probe: &["python3", "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
        source: Source::Debian(&["python3", "python3-venv"]),
        elsewhere: "python.org",
    },
    Need {
        name: "Node.js 20 or newer",
        probe: &["node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"],
        source: Source::Debian(&["nodejs"]),
        elsewhere: "nodejs.org",
    },
    Need {
        name: "npm",
        probe: &["npm", "--version"],
        source: Source::Debian(&["npm"]),
        elsewhere: "comes with Node.js, nodejs.org",
    },
    Need {
        name: "OpenSSL",
        probe: &["openssl", "version"],
        source: Source::Debian(&["openssl"]),
        elsewhere: "openssl-library.org, for keys as people have them",
    },
    Need {
        name: "PostgreSQL",
        // Debian keeps the server's programs off the path.
        probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"],
        source: Source::Debian(&["postgresql"]),
        elsewhere: "the server, from postgresql.org, with initdb and postgres on the path",
    },
    Need {
        name: "Chromium",
        probe: &["chromium", "--version"],
        source: Source::Debian(&["chromium"]),
        elsewhere: "chromium.org, as `chromium` on the path",
    },
    Need {
        name: "PgBouncer",
        probe: &["pgbouncer", "--version"],
        source: Source::Debian(&["pgbouncer"]),
        elsewhere: "pgbouncer.org",
    },
    Need {
        name: "nginx",
        // Debian keeps it off the path of those who are not root.
        probe: &["sh", "-c", "PATH=$PATH:/usr/sbin; nginx -V 2>&1 | grep -q http_auth_request_module"],
        source: Source::Debian(&["nginx"]),
        elsewhere: "nginx.org, with its module auth_request",
    },
    Need {
        name: "Caddy",
        probe: &["caddy", "version"],
        source: Source::Debian(&["caddy"]),
        elsewhere: "caddyserver.com",
    },
];

/// What other people's libraries are built with, and what counts instructions.
const FOR_BENCH: &[Need] = &[
    Need {
        name: "libclang",
        probe: &["sh", "-c", "ls /usr/lib/llvm-*/lib/libclang.so* || ls /usr/lib/*/libclang.so*"],
        source: Source::Debian(&["libclang-dev"]),
        elsewhere: "llvm.org, for the BoringSSL of a peer",
    },
    Need {
        name: "Valgrind",
        probe: &["valgrind", "--version"],
        source: Source::Debian(&["valgrind"]),
        elsewhere: "valgrind.org",
    },
    Need {
        name: "taskset and setpriv",
        probe: &["sh", "-c", "taskset --version && setpriv --version"],
        source: Source::Debian(&["util-linux"]),
        elsewhere: "util-linux",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_missing_is_named_where_it_is_not_installed() {
        let missing: Vec<&Need> = NEEDS.iter().collect();
        let message = plan(&missing, false).unwrap_err();
        for need in NEEDS {
            assert!(message.contains(need.name) && message.contains(need.elsewhere), "{}", need.name);
        }
    }

    #[test]
    fn nothing_is_run_when_nothing_is_missing() {
        assert_eq!(plan(&[], true), Ok(Vec::new()));
        assert_eq!(plan(&[], false), Ok(Vec::new()));
    }

    #[test]
    fn packages_and_components_are_installed_at_once() {
        let missing: Vec<&Need> = NEEDS.iter().filter(|need| ["clippy", "cmake", "npm"].contains(&need.name)).collect();
        let commands: Vec<String> = plan(&missing, true).unwrap().iter().map(|command| command.join(" ")).collect();
        assert_eq!(
            commands,
            [
                "apt-get update -q",
                "apt-get install -q -y --no-install-recommends cmake npm",
                "rustup component add clippy"
            ]
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        assert!(!is_there(&["no-such-program-anywhere", "--version"]));
        assert!(!is_there(&["false"]));
        assert!(is_there(&["true"]));
    }
}
