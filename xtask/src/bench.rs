//! `cargo xtask bench`: the committed measurements, the comparisons with peers, and the page of both.

mod peers;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::install;
use crate::run::{self, cargo, root, target_directory};
use peers::Peers;

/// Runs what the arguments name, or all of it. What was found is kept as soon as it is found; a figure that is missed, or
/// a measurement that fails, fails the whole, after all the others have run.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let wanted = Wanted::parse(arguments)?;
    let figures: Vec<&Figure> = FIGURES.iter().filter(|figure| wanted.figure(figure.name)).collect();
    let comparisons: Vec<&str> = COMPARISONS.iter().copied().filter(|name| wanted.comparison(name)).collect();
    install::ensure_for_bench()?;
    let places = Places::new(wanted.is_quick)?;
    build_comparison()?;
    let mut failed = Vec::new();
    let mut step = |name: &str, work: &mut dyn FnMut() -> Result<(), String>| {
        println!("== {name}");
        let started = Instant::now();
        if let Err(reason) = work() {
            println!("{reason}");
            failed.push(name.to_owned());
        }
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    };
    // Nothing is built while something is measured.
    for figure in &figures {
        step(&format!("{}: build", figure.name), &mut || run::run(figure.command().arg("--no-run")));
    }
    let mut peers = None;
    if !comparisons.is_empty() {
        step("peers", &mut || Peers::prepare().map(|ready| peers = Some(ready)));
    }
    if let Some(peers) = &peers {
        for name in comparisons {
            step(name, &mut || places.compare(name, peers, wanted.is_quick));
        }
    }
    for figure in figures {
        step(figure.name, &mut || places.take(figure));
    }
    places.render()?;
    if failed.is_empty() { Ok(()) } else { Err(format!("missed or failed: {}", failed.join(", "))) }
}

/// What the arguments ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// Empty: all.
    only: Vec<String>,
    is_quick: bool,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => wanted.is_quick = true,
                "--only" => {
                    let name = arguments.next().ok_or_else(|| format!("`--only` takes one of: {}", names()))?;
                    if !names().split(", ").any(|known| known == name) {
                        return Err(format!("there is no measurement `{name}`; there are: {}", names()));
                    }
                    wanted.only.push(name.clone());
                }
                other => return Err(format!("`bench` takes --only NAME and --quick, and was given `{other}`")),
            }
        }
        Ok(wanted)
    }

    fn comparison(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// There is no quick way to take a figure: then only those that are named.
    fn figure(&self, name: &str) -> bool {
        self.comparison(name) && !(self.is_quick && self.only.is_empty())
    }
}

fn names() -> String {
    COMPARISONS.iter().copied().chain(FIGURES.iter().map(|figure| figure.name)).collect::<Vec<_>>().join(", ")
}

/// Where things are.
struct Places {
    compare: PathBuf,
    tokenry: PathBuf,
    results: PathBuf,
    pages: PathBuf,
}

impl Places {
    /// What is quick is never written to the documents.
    fn new(is_quick: bool) -> Result<Self, String> {
        let target = target_directory()?;
        let pages = if is_quick { target.join("compare/quick") } else { root().join("docs/benchmarks") };
        Ok(Self {
            compare: target.join("fast/compare"),
            tokenry: target.join("release/tokenry"),
            results: pages.join("results"),
            pages,
        })
    }

    fn compare(&self, name: &str, peers: &Peers, is_quick: bool) -> Result<(), String> {
        let mut command = Command::new(&self.compare);
        command.args(["measure", name, "--check", "--results"]).arg(&self.results);
        command.arg("--tokenry").arg(&self.tokenry).arg("--rust").arg(&peers.rust).arg("--node").arg(&peers.node);
        command.arg("--python").arg(&peers.python).arg("--scripts").arg(&peers.scripts);
        if is_quick {
            command.arg("--quick");
        }
        let result = run::run(&mut command);
        self.render()?;
        result
    }

    /// Runs a committed measurement, and keeps what it prints, even if a figure is missed. One that fails leaves what
    /// was found before.
    fn take(&self, figure: &Figure) -> Result<(), String> {
        let mut command = figure.command();
        command.arg("--").args(figure.arguments);
        let mut child =
            command.current_dir(root()).stdout(Stdio::piped()).spawn().map_err(|error| format!("cargo: {error}"))?;
        let mut printed = String::new();
        for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
            let line = line.map_err(|error| format!("{}: {error}", figure.name))?;
            println!("{line}");
            printed += &(line + "\n");
        }
        let status = child.wait().map_err(|error| format!("{}: {error}", figure.name))?;
        if status.success() || printed.lines().any(|line| line.starts_with("missed: ")) {
            self.note(figure, &printed)?;
            self.render()?;
        }
        if status.success() { Ok(()) } else { Err(format!("{} missed a figure, or failed ({status})", figure.name)) }
    }

    fn note(&self, figure: &Figure, printed: &str) -> Result<(), String> {
        let mut command = Command::new(&self.compare);
        command.args(["note", figure.name, figure.title, "--results"]).arg(&self.results).stdin(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("compare: {error}"))?;
        let written = child.stdin.take().ok_or("no input")?.write_all(printed.as_bytes());
        written.map_err(|error| format!("compare: {error}"))?;
        let status = child.wait().map_err(|error| format!("compare: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("{} could not be kept", figure.name)) }
    }

    fn render(&self) -> Result<(), String> {
        let mut command = Command::new(&self.compare);
        run::run(command.arg("render").arg("--results").arg(&self.results).arg("--pages").arg(&self.pages))
    }
}

/// The comparison itself in the profile in which all are compared; the server as it is shipped.
fn build_comparison() -> Result<(), String> {
    run::run(&mut cargo(&["build", "--profile", "fast", "--locked", "--package", "compare"]))?;
    run::run(&mut cargo(&["build", "--release", "--locked", "--package", "tokenry", "--bin", "tokenry"]))
}

/// A measurement that is a bench of a package.
struct Figure {
    name: &'static str,
    title: &'static str,
    package: &'static str,
    bench: &'static str,
    /// `fast` where others' code is compared, else as shipped.
    profile: &'static str,
    arguments: &'static [&'static str],
}

impl Figure {
    fn command(&self) -> Command {
        let mut command = cargo(&["bench", "--locked", "--all-features", "--package", self.package]);
        command.args(["--profile", self.profile, "--bench", self.bench]);
        command
    }
}

const fn figure(name: &'static str, title: &'static str, package: &'static str, profile: &'static str) -> Figure {
    Figure { name, title, package, bench: name, profile, arguments: &["--check"] }
}

/// In this order, the quicker ones first.
const COMPARISONS: &[&str] = &["speed", "protected", "parts", "refresh", "sessions"];

const FIGURES: &[Figure] = &[
    figure("verify", "Verifying a token, against the bare primitive and jsonwebtoken", "tokenry-jwt", "fast"),
    Figure {
        bench: "verify",
        arguments: &["--instructions"],
        ..figure("instructions", "Verifying a token, in instructions", "tokenry-jwt", "fast")
    },
    figure("guard", "A guard, against hash maps, and its memory", "tokenry-guard", "fast"),
    figure("revoke", "A log-out, until a guard refuses", "tokenry-guard", "release"),
    figure("login", "Log-in, against the bare hash", "tokenry-domain", "release"),
    figure("commit", "Durable commits in groups, against one by one", "tokenry-store", "release"),
    figure("serve", "Refresh through HTTP, log-in under load, footprint", "tokenry", "release"),
    figure("ceiling", "Refresh on PostgreSQL; a million sessions", "tokenry", "release"),
    // All ten million would take an hour.
    Figure {
        arguments: &["--check", "--removed", "200000"],
        ..figure("sweep", "Removing 200,000 of ten million ended sessions", "tokenry-store", "release")
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(arguments: &[&str]) -> Result<Wanted, String> {
        Wanted::parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn all_is_wanted_unless_some_are_named() {
        let all = wanted(&[]).unwrap();
        assert!(all.comparison("speed") && all.figure("verify"));
        let some = wanted(&["--only", "speed", "--only", "guard"]).unwrap();
        assert!(
            some.comparison("speed") && some.figure("guard") && !some.comparison("refresh") && !some.figure("verify")
        );
    }

    #[test]
    fn a_quick_run_takes_figures_only_by_name() {
        let quick = wanted(&["--quick"]).unwrap();
        assert!(quick.comparison("speed") && !quick.figure("verify"));
        assert!(wanted(&["--quick", "--only", "verify"]).unwrap().figure("verify"));
    }

    #[test]
    fn what_there_is_not_is_named() {
        assert!(wanted(&["--only", "spead"]).unwrap_err().contains("speed"));
        assert!(wanted(&["--only"]).unwrap_err().contains("speed"));
        assert!(wanted(&["speed"]).unwrap_err().contains("`speed`"));
    }

    #[test]
    fn names_are_used_once() {
        let all = names();
        let mut names: Vec<&str> = all.split(", ").collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
