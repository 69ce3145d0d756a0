//! Tokenry beside its peers: `cargo xtask bench` builds this, gives it what it needs, and shows what it finds.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock, and waits")]

mod arguments;
mod chart;
mod child;
#[path = "../../../crates/store/tests/support/cluster.rs"]
#[allow(dead_code, unreachable_pub, clippy::disallowed_methods, reason = "shared")]
mod cluster;
mod core;
mod finding;
mod fixture;
mod load;
mod machine;
mod parts;
mod primitive;
mod protected;
mod refresh;
mod report;
mod sessions;
mod speed;
mod statistics;
mod users;

use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, Command, Measure};
use clap::Parser;
use finding::Finding;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Measure(measure) => run(&measure),
        Command::Note { name, title, results } => {
            let text = std::io::read_to_string(std::io::stdin()).unwrap();
            Finding::new(&name, &title, false).with_output(&text).save(&results);
            ExitCode::SUCCESS
        }
        Command::Render { results, pages } => {
            report::write(&results, &pages);
            ExitCode::SUCCESS
        }
        Command::Service { name, fixture, algorithm } => {
            protected::service::run(&name, &fixture, &algorithm);
            ExitCode::SUCCESS
        }
        Command::Echo => {
            parts::echo();
            ExitCode::SUCCESS
        }
        Command::Site { method, data, database } => {
            sessions::site::run(&method, &data, database);
            ExitCode::SUCCESS
        }
    }
}

/// Measures one thing, keeps what was found, and says what was missed.
fn run(measure: &Measure) -> ExitCode {
    let finding = match measure.name.as_str() {
        "speed" => speed::measure(measure),
        "protected" => protected::measure(measure),
        "sessions" => sessions::measure(measure),
        "refresh" => refresh::measure(measure),
        "parts" => parts::measure(measure),
        other => panic!("there is no comparison `{other}`"),
    };
    finding.print();
    finding.save(Path::new(&measure.results));
    if measure.check && !finding.missed.is_empty() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
