//! The binary, killed and raced over and over under load, and a judge that knows only what was acknowledged:
//! `cargo xtask soak`, and a small share of it in the server's tests.

#![allow(clippy::disallowed_methods, reason = "killing at random moments is waiting for them")]

mod chance;
mod client;
#[path = "../../../crates/store/tests/support/cluster.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, clippy::disallowed_methods, reason = "shared")]
mod cluster;
mod http;
mod journal;
mod kills;
mod nodes;
mod operator;
mod program;
mod site;
mod verdict;

pub use journal::Promise;
pub use kills::{Kills, forgetful, postgres, sqlite};
pub use nodes::{Latencies, Nodes, PARALLEL};
