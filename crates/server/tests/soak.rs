//! A share of `cargo xtask soak`: kills under mixed load, and a judge that knows only what was acknowledged.
#![allow(missing_docs, clippy::print_stdout, reason = "the figures are to be seen")]

use std::path::Path;
use std::time::Duration;

use soak::{Kills, Latencies, Nodes, Promise};

#[test]
fn killed_under_load_on_sqlite_it_keeps_what_it_acknowledged() {
    is_clean(&soak::sqlite(binary(), KILLS, 1));
}

#[test]
fn killed_under_load_on_postgresql_it_keeps_what_it_acknowledged() {
    is_clean(&soak::postgres(binary(), KILLS, 1));
}

/// Whoever follows the feed of a node hears of what ends on the others within a poll, which nothing has to wake; and a
/// node that stood still hears of all that it missed.
#[test]
fn three_nodes_tell_each_other_what_ended() {
    let nodes = Nodes::start(binary());
    assert_eq!(nodes.refresh_at_once(20, true), Ok(20), "fifty refreshes with one key are one rotation");
    let latencies = nodes.revoke(30);
    println!("{latencies}");
    assert!(Latencies::p99(&latencies.others) < Duration::from_secs(10));
    let caught_up = nodes.suspend(Duration::from_secs(3));
    assert!(caught_up < Duration::from_secs(20), "{caught_up:?}");
}

/// A database from before some sign-ups, log-outs and rotations is put back, as if commits had been lost.
#[test]
fn the_judge_notices_a_database_that_forgot() {
    let kills = soak::forgetful(binary(), 1);
    println!("{kills}");
    assert!(kills.broken(Promise::RevocationUndone) > 0);
    assert!(kills.broken(Promise::NotOnce) > 0);
}

fn is_clean(kills: &Kills) {
    println!("{kills}");
    for promise in Promise::ALL {
        assert_eq!(kills.broken(promise), 0, "{promise}: {kills}");
    }
    assert!(kills.count() > KILLS && kills.lost_answers() > 0, "nothing was in its way: {kills}");
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tokenry"))
}

const KILLS: u32 = 16;
