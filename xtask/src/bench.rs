use crate::run::{self, cargo};

/// Runs each committed measurement; a figure that is missed fails.
pub(crate) fn run() -> Result<(), String> {
    for (what, package, bench) in BENCHES {
        println!("== {what}");
        let arguments =
            ["bench", "--locked", "--all-features", "--package", package, "--bench", bench, "--", "--check"];
        run::run(&mut cargo(&arguments))?;
    }
    Ok(())
}

const BENCHES: &[(&str, &str, &str)] = &[
    ("verifying a token, against the bare primitive and jsonwebtoken", "tokenry-jwt", "verify"),
    ("a guard, against hash maps, and its memory", "tokenry-guard", "guard"),
    ("a log-out, until a guard refuses", "tokenry-guard", "revoke"),
    ("log-in, against the bare hash", "tokenry-domain", "login"),
    ("durable commits in groups, against one by one", "tokenry-store", "commit"),
    ("removing ten million sessions, on SQLite and PostgreSQL", "tokenry-store", "sweep"),
    ("refresh through HTTP, log-in under load, footprint", "tokenry", "serve"),
    ("refresh against what its parts allow, on SQLite and PostgreSQL; a million sessions", "tokenry", "ceiling"),
];
