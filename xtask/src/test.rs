use std::time::Instant;

use crate::run::cargo;
use crate::{install, interop, run, sdk, tidy};

type Step = fn() -> Result<(), String>;

/// Everything that must pass, cheapest first; stops at the first failure.
pub(crate) fn run() -> Result<(), String> {
    let steps: &[(&str, Step)] = &[
        ("install", install::ensure),
        ("format", format),
        ("tidy", tidy::run),
        ("third parties", third_parties),
        ("clippy", clippy),
        ("doc", doc),
        ("test", test),
        ("sdk/js", sdk::test),
    ];
    for (name, step) in steps {
        println!("== {name}");
        let started = Instant::now();
        step().map_err(|reason| format!("{name}: {reason}"))?;
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Prepared here to be seen and timed; the tests ask for them again, which costs nothing then.
fn third_parties() -> Result<(), String> {
    interop::prepare().map(drop)
}

fn format() -> Result<(), String> {
    run::run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), String> {
    run::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn doc() -> Result<(), String> {
    run::run(cargo(&["doc", "--workspace", "--no-deps", "--locked", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn test() -> Result<(), String> {
    let interop = interop::prepare()?;
    run::run(
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
            .env("XTASK_PYTHON", interop.python)
            .env("XTASK_NODE_MODULES", interop.node_modules)
            .env("XTASK_BROWSER", interop.browser)
            .env("NODE_OPTIONS", interop.node_options),
    )
}
