//! All protocols, on the very same scenarios.

use std::thread;

use crate::play::play;
use crate::protocol::{Counter, Grace, Strict, Tokenry};
use crate::scenario::Scenario;
use crate::tally::Tally;

/// The rows of the table, in its order: Tokenry's two stand first.
pub(crate) const ROWS: [&str; 5] = [
    "Tokenry, plain client",
    "Tokenry, keyed client",
    "strict rotation",
    "30 s grace, a second pair",
    "counter, newest or its parent",
];

/// How many of [`ROWS`] are Tokenry.
pub(crate) const OURS: usize = 2;

/// Plays `count` scenarios of `seed`, on all processors.
pub(crate) fn run(seed: u64, count: u64) -> [Tally; ROWS.len()] {
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = |first| {
        let mut tallies: [Tally; ROWS.len()] = Default::default();
        for number in (first..count).step_by(threads as usize) {
            let scenario = Scenario::draw(seed, number);
            let outcomes = [
                play(&scenario, false, &mut Tokenry::log_in(None)),
                play(&scenario, true, &mut Tokenry::log_in(Some(LOG_IN_KEY))),
                play(&scenario, false, &mut Strict::default()),
                play(&scenario, false, &mut Grace::log_in()),
                play(&scenario, false, &mut Counter::default()),
            ];
            for (tally, outcome) in tallies.iter_mut().zip(outcomes) {
                tally.add(scenario.kind, outcome);
            }
        }
        tallies
    };
    let mut sum: [Tally; ROWS.len()] = Default::default();
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
        for part in parts {
            let tallies = part.join().expect("a thread has panicked");
            sum.iter_mut().zip(&tallies).for_each(|(sum, tally)| sum.merge(tally));
        }
    });
    sum
}

/// The key of every keyed log-in.
pub(crate) const LOG_IN_KEY: u64 = 0;
