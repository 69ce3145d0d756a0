//! What only the SQLite store promises: the file, the group, the disk, other processes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod child;
mod crash;
mod damage;
mod full;
mod group;
mod opening;
mod processes;
mod restore;
#[path = "../contract/sample.rs"]
#[allow(dead_code)]
mod sample;

use std::path::PathBuf;

use tempfile::TempDir;
use tokenry_store::{Options, Sqlite};

/// A place for a database that does not exist yet.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokenry.db");
    (directory, path)
}

fn open(path: &std::path::Path) -> Sqlite {
    Sqlite::open(path, Options::default()).unwrap()
}
