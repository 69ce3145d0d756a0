//! `cargo xtask soak`: prints what [`soak`] finds, and fails when a promise was broken.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use soak::{Kills, Latencies, Nodes, PARALLEL, Promise};

/// The binary, killed and raced over and over under load.
#[derive(Parser)]
struct Arguments {
    /// The server.
    #[arg(long)]
    binary: PathBuf,
    /// How often something is killed, on each database.
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// How often one token is refreshed at once, plain and with a key.
    #[arg(long, default_value_t = 1000)]
    rounds: u32,
    /// How many sessions are ended while the feeds of three nodes are followed.
    #[arg(long, default_value_t = 300)]
    revocations: usize,
    /// For how many seconds a node is suspended.
    #[arg(long, default_value_t = 60)]
    suspend: u64,
    /// On which database. Several nodes need PostgreSQL.
    #[arg(long, value_enum, default_value_t = Database::Both)]
    database: Database,
    /// What all choices are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
    Both,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let binary = arguments.binary.canonicalize().unwrap_or(arguments.binary);
    let mut failures = Vec::new();
    let mut judge = |name: &str, kills: Kills| {
        println!("## {name}\n\n{kills}");
        failures.extend(Promise::ALL.into_iter().filter(|&promise| kills.broken(promise) > 0).map(|p| p.to_string()));
    };
    if arguments.kills > 0 && arguments.database != Database::Postgres {
        judge("Kills, SQLite, one node", soak::sqlite(&binary, arguments.kills, arguments.seed));
    }
    if arguments.database != Database::Sqlite {
        if arguments.kills > 0 {
            judge("Kills, PostgreSQL, two nodes", soak::postgres(&binary, arguments.kills, arguments.seed));
        }
        let nodes = Nodes::start(&binary);
        println!("## Three nodes on PostgreSQL\n");
        for (is_keyed, how) in [(false, "all plain"), (true, "all with one key")] {
            let started = Instant::now();
            match nodes.refresh_at_once(arguments.rounds, is_keyed) {
                Ok(rounds) => println!(
                    "{rounds} rounds of {PARALLEL} parallel refreshes of one token, {how}: one rotation and {PARALLEL} \
                     answers with one refresh token each, in {:.0} s",
                    started.elapsed().as_secs_f64()
                ),
                Err(reason) => failures.push(format!("refreshes at once, {how}: {reason}")),
            }
        }
        let latencies = nodes.revoke(arguments.revocations);
        println!(
            "\n{} log-outs, from before each was sent until it was in the feed of\n\n{latencies}",
            arguments.revocations
        );
        if Latencies::p99(&latencies.others) >= Duration::from_millis(500) {
            failures.push("a revocation takes 500 ms to be everywhere".to_owned());
        }
        let caught_up = nodes.suspend(Duration::from_secs(arguments.suspend));
        println!(
            "a node that was suspended for {} s had all revocations {:.0} ms after it went on",
            arguments.suspend,
            caught_up.as_secs_f64() * 1e3
        );
    }
    for failure in &failures {
        eprintln!("expected none: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
