//! Refresh protocols under seeded scenarios: `cargo xtask simulate refresh`.
//!
//! Every scenario is drawn before any protocol is asked, so all of them meet the same losses, wake-ups and thieves.

mod chance;
mod contest;
mod play;
mod protocol;
mod report;
mod scenario;
mod stack;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

/// Simulations of what Tokenry promises.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The refresh protocol, against models of its rivals.
    Refresh {
        /// How many scenarios.
        #[arg(long, default_value_t = 1_000_000)]
        scenarios: u64,
        /// How many of them go through the whole server, too, whose answers must be the same.
        #[arg(long, default_value_t = 10_000)]
        stack: u64,
        /// What they are drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let What::Refresh { scenarios, stack, seed } = Arguments::parse().what;
    let started = Instant::now();
    let tallies = contest::run(seed, scenarios);
    println!("{scenarios} scenarios, seed {seed}: {:.0} s", started.elapsed().as_secs_f64());
    let ours = &tallies[0];
    println!(
        "Tokenry with a plain client met {} lost answers, {} wake-ups, {} thefts\n",
        ours.lost_answers.whole,
        ours.wake_ups.whole,
        ours.thefts.iter().map(|thefts| thefts.caught.whole).sum::<u64>(),
    );
    println!("{}", report::tables(&tallies));
    let mut failures = report::failures(&tallies);
    let started = Instant::now();
    match stack::compare(seed, stack) {
        Ok(requests) => println!(
            "{stack} of them, plain and keyed, through the whole server: {requests} requests, no difference: {:.0} s",
            started.elapsed().as_secs_f64(),
        ),
        Err(difference) => failures.push(format!("difference between the server and its rules: {difference}")),
    }
    for failure in &failures {
        eprintln!("expected none: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokenry_keeps_what_it_promises() {
        let tallies = contest::run(2, 20_000);
        println!("{}", report::tables(&tallies));
        assert_eq!(report::failures(&tallies), Vec::<String>::new());
        // The judge bites: by the same bounds, a counter without a time bound lets thieves go on.
        assert!(tallies[4].thefts.iter().any(|thefts| thefts.breaches > 0));
    }

    #[test]
    fn the_whole_server_answers_as_its_rules_do() {
        let requests = stack::compare(3, 200).unwrap();
        assert!(requests > 2000, "{requests}");
    }
}
