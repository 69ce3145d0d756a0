//! Verifying and signing one token: the bare signature, Tokenry, and libraries in three languages.

mod ours;

use std::process::Command;
use std::time::Instant;

use tokenry_jwt::Algorithm;

use crate::arguments::Measure;
use crate::chart::{Bar, Chart, Panel};
use crate::child::Child;
use crate::finding::{Finding, Table};
use crate::fixture::Fixture;
use crate::machine::version;
use crate::primitive::Call;
use crate::statistics::{digits, median, ratio};

/// Whoever can be asked to do something many times.
enum Runner {
    Here(Call),
    /// By the place of its process, and the question.
    There(usize, String),
}

struct Competitor {
    name: &'static str,
    runner: Runner,
    /// How many calls take a few milliseconds.
    calls: usize,
    /// Nanoseconds for a call, of each round.
    rounds: Vec<f64>,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let algorithms = ALGORITHMS.map(|name| name.parse::<Algorithm>().unwrap());
    let fixture = Fixture::new(&algorithms);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fixture.json");
    fixture.write(&path);
    let mut rust = Command::new(&measure.rust);
    rust.arg("ask");
    let mut node = Command::new("node");
    node.arg(measure.node.join("ask.js"));
    let mut python = Command::new(&measure.python);
    python.args(["-W", "ignore"]).arg(measure.scripts.join("ask.py"));
    let mut children = [rust, node, python].map(|mut command| Child::start(command.arg(&path)));

    let rounds = measure.rounds(60, 5);
    let mut finding = Finding::new("speed", "Verify and sign one token", measure.quick);
    explain(&mut finding, measure, rounds);
    for operation in ["verify", "sign"] {
        let mut groups = Vec::new();
        for algorithm in algorithms {
            let mut group = competitors(operation, algorithm, &fixture, &mut children);
            for _ in 0..rounds {
                for competitor in &mut group {
                    let time = competitor.time(&mut children);
                    competitor.rounds.push(time);
                }
            }
            println!("  {operation} {}", algorithm.name());
            groups.push((algorithm, group));
        }
        finding.tables.push(table(operation, &groups));
        finding.charts.push(chart(operation, &groups));
    }
    finding
}

fn explain(finding: &mut Finding, measure: &Measure, rounds: usize) {
    finding.explain(&format!(
        "Tokens of 350 to 400 bytes with the same keys, claims and checks for all: signature, one algorithm, `iss`, `aud`, \
         `exp`, `sub`. {rounds} rounds; in each, every library of an algorithm has a turn of a few milliseconds, and other \
         languages run in processes that live as long as the measurement. Medians; the ratio is the median of the rounds' \
         ratios to Tokenry. `primitive` is the bare signature of aws-lc, of HMAC that of RustCrypto, which is faster. \
         `cached` is a token that was seen before: Tokenry's guard also compares `exp`, the key set and revocations. Node.js \
         {}, {}.",
        version("node").trim_start_matches('v'),
        version(measure.python.to_str().unwrap_or_default()),
    ));
    finding.explain(
        "What it does not show: Tokenry, jwt-simple, fast-jwt and jose look at `typ`, too; the others leave that to their caller. \
         jose has asynchronous calls only, which wait for a thread of their own; with many at once it would do better than one \
         by one.",
    );
}

/// All that offer the algorithm, warm.
fn competitors(operation: &str, algorithm: Algorithm, fixture: &Fixture, children: &mut [Child]) -> Vec<Competitor> {
    let mut all = Vec::new();
    for (name, call) in ours::calls(operation, algorithm, fixture) {
        all.push(Competitor { name, runner: Runner::Here(call), calls: 1, rounds: Vec::new() });
    }
    for (name, process, library) in PEERS {
        let question = format!("{operation} {} {library}", algorithm.name());
        if children[*process].ask(&format!("{question} 1")) != "-" {
            let runner = Runner::There(*process, question);
            all.push(Competitor { name, runner, calls: 1, rounds: Vec::new() });
        }
    }
    for competitor in &mut all {
        competitor.warm_up(children);
    }
    all
}

impl Competitor {
    /// Nanoseconds for a call.
    fn time(&self, children: &mut [Child]) -> f64 {
        let all = match &self.runner {
            Runner::Here(call) => {
                let started = Instant::now();
                (0..self.calls).for_each(call);
                started.elapsed().as_nanos() as f64
            }
            Runner::There(process, question) => {
                children[*process].ask(&format!("{question} {}", self.calls)).parse().unwrap()
            }
        };
        all / self.calls as f64
    }

    /// Until compilers have done their work, and a turn takes a few milliseconds.
    fn warm_up(&mut self, children: &mut [Child]) {
        let mut spent = 0.0;
        while spent < WARM_UP {
            let time = self.time(children);
            spent += time * self.calls as f64;
            self.calls = ((TURN / time) as usize).clamp(2, 2 * self.calls.max(1));
        }
    }
}

fn table(operation: &str, groups: &[(Algorithm, Vec<Competitor>)]) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for competitor in groups.iter().flat_map(|(_, group)| group) {
        if !names.contains(&competitor.name) {
            names.push(competitor.name);
        }
    }
    let place = |name: &str| ORDER.iter().position(|other| *other == name).unwrap_or(usize::MAX);
    names.sort_by_key(|name| place(name));
    let cell = |name: &str, group: &[Competitor]| {
        let find = |name: &str| group.iter().find(|competitor| competitor.name == name);
        find(name).map_or("not offered".to_owned(), |competitor| {
            let ours = &find(OURS).unwrap().rounds;
            format!("{} ({})", digits(median(&competitor.rounds)), digits(ratio(&competitor.rounds, ours)))
        })
    };
    let rows = names.iter().map(|name| {
        let cells = groups.iter().map(|(_, group)| cell(name, group));
        std::iter::once((*name).to_owned()).chain(cells).collect()
    });
    Table {
        caption: format!("{operation}: ns for a token (ratio to Tokenry)"),
        columns: std::iter::once(String::new()).chain(ALGORITHMS.map(str::to_owned)).collect(),
        rows: rows.collect(),
    }
}

fn chart(operation: &str, groups: &[(Algorithm, Vec<Competitor>)]) -> Chart {
    let panels = groups.iter().map(|(algorithm, group)| {
        let mut bars: Vec<Bar> = group
            .iter()
            .map(|competitor| Bar {
                name: competitor.name.to_owned(),
                value: median(&competitor.rounds) / 1e3,
                is_ours: competitor.name.starts_with(OURS),
            })
            .collect();
        bars.sort_by(|a, b| a.value.total_cmp(&b.value));
        Panel { title: algorithm.name().to_owned(), bars }
    });
    Chart::Bars {
        file: operation.to_owned(),
        title: format!("{} one token", if operation == "verify" { "Verify" } else { "Sign" }),
        unit: "microseconds, logarithmic: shorter is better".to_owned(),
        is_logarithmic: true,
        panels: panels.collect(),
    }
}

const ALGORITHMS: [&str; 5] = ["HS256", "RS256", "ES256", "EdDSA", "ML-DSA-44"];
const OURS: &str = "Tokenry";
/// What each is called, where it runs, and what it is asked for there.
const PEERS: &[(&str, usize, &str)] = &[
    ("jsonwebtoken (Rust)", 0, "jsonwebtoken"),
    ("jwt-simple (Rust)", 0, "jwt-simple"),
    ("fast-jwt (Node)", 1, "fast-jwt"),
    ("fast-jwt, cached (Node)", 1, "fast-jwt-cached"),
    ("jose (Node)", 1, "jose"),
    ("jsonwebtoken (Node)", 1, "jsonwebtoken"),
    ("PyJWT (Python)", 2, "PyJWT"),
    ("joserfc (Python)", 2, "joserfc"),
];
const ORDER: &[&str] = &[
    "primitive",
    OURS,
    "Tokenry, cached",
    "jsonwebtoken (Rust)",
    "jwt-simple (Rust)",
    "fast-jwt (Node)",
    "fast-jwt, cached (Node)",
    "jose (Node)",
    "jsonwebtoken (Node)",
    "PyJWT (Python)",
    "joserfc (Python)",
];
/// Nanoseconds.
const TURN: f64 = 4e6;
const WARM_UP: f64 = 150e6;
