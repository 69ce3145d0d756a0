//! How near the server comes to what PostgreSQL allows, and what a million sessions cost: `cargo bench -p tokenry --bench
//! ceiling`. Server and load share the machine. PostgreSQL and pgbench come from Debian's packages.
//!
//! `-- --check` fails when a bound is missed.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "serve/client.rs"]
#[allow(dead_code, reason = "shared")]
mod client;
#[path = "../../store/tests/support/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared")]
mod cluster;
#[path = "serve/load.rs"]
mod load;
#[path = "serve/process.rs"]
mod process;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cluster::Cluster;
use load::{Load, refreshes, session};
use process::Server;
use tokenry_domain::random::System;
use tokenry_domain::session::{Method, Session};
use tokenry_domain::store::{Store, Write};
use tokenry_domain::time::Timestamp;
use tokenry_store::{CookiesBeside, Options, Sqlite};
use tokio::runtime::Runtime;

fn main() {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut missed = Vec::new();
    let mut report = |what: &str, value: f64, unit: &str, good: bool, bound: &str| {
        println!("{}: {what}: {value:.2} {unit} ({bound})", if good { "kept" } else { "missed" });
        if !good {
            missed.push(what.to_owned());
        }
    };
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();

    let cluster = Cluster::start(&["max_connections=200"]);
    let url = cluster.database(&[]);
    let shared =
        Server::start_with(directory.path(), &[("TOKENRY_DATABASE", &url), ("TOKENRY_MASTER_KEY", MASTER_KEY)]);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let Load { rate: measured, cost } = refreshes(&shared, round);
        let updates = pgbench(&url, directory.path());
        println!(
            "  round {round}: {measured:.0} refreshes/s, {cost:.0} us of the server for each; pgbench updates \
             {updates:.0} rows/s"
        );
        ratios.push(measured / updates);
    }
    let ratio = 100.0 * median(&mut ratios);
    report("refresh on PostgreSQL, of pgbench's one-row updates", ratio, "%", ratio >= 40.0, "at least 40");
    drop(shared);

    let empty = resident(directory.path());
    fill(&runtime, &directory.path().join("tokenry.db"));
    let full = resident(directory.path()) - empty;
    report("resident with a million sessions, more than without", full, "MiB", full < 2.0, "under 2");
    let bytes = in_memory(&runtime, directory.path());
    println!("a cookie session in memory: {bytes:.0} bytes");

    assert!(!check || missed.is_empty(), "missed: {missed:?}");
}

/// One-row updates per second, by PostgreSQL's own tool with as many connections as the server has.
fn pgbench(url: &str, directory: &Path) -> f64 {
    let script = directory.join("update.sql");
    std::fs::write(&script, "\\set n random(1, 64)\nUPDATE bench SET number = number + 1 WHERE id = :n;\n").unwrap();
    let psql = Command::new("psql").arg(url).args(["-qc", TABLE]).status().unwrap();
    assert!(psql.success());
    let mut command = Command::new("pgbench");
    command.args(["-n", "-c", "16", "-j", "2", "-T", "3", "-f"]).arg(&script).arg(url);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = output.lines().find_map(|line| line.strip_prefix("tps = ")).expect("pgbench prints a rate");
    line.split(' ').next().unwrap().parse().unwrap()
}

/// Resident memory of a server that has just been started, in MiB.
fn resident(directory: &Path) -> f64 {
    let server = Server::start(directory);
    thread::sleep(Duration::from_secs(3));
    server.resident() / 1024.0
}

fn fill(runtime: &Runtime, file: &Path) {
    let (store, random) = (Sqlite::open(file, Options::default()).unwrap(), System::new());
    let started = Instant::now();
    for _ in 0..MILLION / 1000 {
        // Not yet over: the server that is measured has nothing to remove.
        let session = || Session { expires_at: Timestamp::from_seconds(1_990_000_000), ..session(&random) };
        let writes = (0..1000).map(|_| Write::InsertSession(session())).collect();
        runtime.block_on(store.commit(writes)).unwrap();
    }
    println!("  a million sessions in {:.0} s", started.elapsed().as_secs_f64());
}

/// Bytes that a session of the cookie method takes in memory.
fn in_memory(runtime: &Runtime, directory: &Path) -> f64 {
    let main = Arc::new(Sqlite::open(&directory.join("beside.db"), Options::default()).unwrap());
    let (store, random) = (CookiesBeside::in_memory(main), System::new());
    let before = own_memory();
    for _ in 0..SOME / 1000 {
        let cookie = || Session { method: Method::Cookie, ..session(&random) };
        runtime.block_on(store.commit((0..1000).map(|_| Write::InsertSession(cookie())).collect())).unwrap();
    }
    (own_memory() - before) * 1024.0 / SOME as f64
}

/// In KiB.
fn own_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 3;
const MILLION: usize = 1_000_000;
const SOME: usize = 200_000;
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS bench (id int PRIMARY KEY, number int NOT NULL) WITH (fillfactor = 70); \
    INSERT INTO bench SELECT n, 0 FROM generate_series(1, 64) AS n ON CONFLICT DO NOTHING";
