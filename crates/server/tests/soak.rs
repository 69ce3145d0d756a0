//! A share of `cargo xtask soak`: kills under mixed load, and a judge that knows only what was acknowledged.
#![allow(missing_docs)]

use std::path::Path;

use soak::{Kills, Promise};

#[test]
fn killed_under_load_on_sqlite_it_keeps_what_it_acknowledged() {
    is_clean(&soak::sqlite(binary(), KILLS, 1));
}

#[test]
fn killed_under_load_on_postgresql_it_keeps_what_it_acknowledged() {
    is_clean(&soak::postgres(binary(), KILLS, 1));
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
