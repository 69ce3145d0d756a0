//! What removing old sessions costs whoever else writes: ended rows by the million, in the steps that a server takes,
//! while another caller commits a row every few milliseconds. `--rows N` (10,000,000 by default), `--removed N` to
//! stop after so many of them, `--database sqlite` or `postgres` for one of them; `--check` fails when a step or the other caller's wait is 50 ms or longer.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "../tests/support/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared")]
mod cluster;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cluster::Cluster;
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::session::{Client, Method, Session, SessionSecret};
use tokenry_domain::store::{Horizon, Store, Write};
use tokenry_domain::time::Timestamp;
use tokenry_store::{Options, PostgresOptions, PostgresStore, Sqlite};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after =
        |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].as_str());
    let rows: u64 = after("--rows").map_or(10_000_000, |rows| rows.parse().unwrap());
    let most: u64 = after("--removed").map_or(rows, |rows| rows.parse().unwrap());
    let only = after("--database");
    let runtime = Runtime::new().unwrap();
    let mut longest = Duration::ZERO;
    if only != Some("postgres") {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = directory.path().join("tokenry.db");
        drop(Sqlite::open(&path, Options::default()).unwrap());
        fill_sqlite(&path, rows);
        let store = Arc::new(Sqlite::open(&path, Options::default()).unwrap());
        longest = longest.max(runtime.block_on(measure("SQLite", store, rows, most)));
        let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |file| file.len());
        println!("  the log takes {} MiB at the end", log >> 20);
    }
    if only != Some("sqlite") {
        let cluster = Cluster::start(&["max_connections=50", "max_wal_size=4GB", "min_wal_size=4GB"]);
        let url = cluster.database(&[]);
        let store = runtime.block_on(PostgresStore::connect(&url, PostgresOptions::default())).unwrap();
        let started = Instant::now();
        cluster.value(
            &url,
            &format!("INSERT INTO sessions {COLUMNS} SELECT {POSTGRES_ROW} FROM generate_series(1, {rows}) AS n"),
        );
        cluster.value(&url, "VACUUM ANALYZE sessions");
        cluster.value(&url, "CHECKPOINT");
        settle();
        println!("  {rows} rows made in {:.0} s", started.elapsed().as_secs_f64());
        longest = longest.max(runtime.block_on(measure("PostgreSQL", Arc::new(store), rows, most)));
    }
    let is_missed = arguments.iter().any(|argument| argument == "--check") && longest >= BOUND;
    if is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Sweeps it all, and returns the longest that anything took: a step, or another's commit meanwhile.
async fn measure<S: Store + 'static>(name: &str, store: Arc<S>, rows: u64, most: u64) -> Duration {
    // What the disk does by itself is not the sweep's doing.
    let is_over = Arc::new(AtomicBool::new(false));
    let alone = tokio::spawn(commit_on(Arc::clone(&store), 7, Arc::clone(&is_over)));
    tokio::time::sleep(ALONE).await;
    is_over.store(true, Ordering::Relaxed);
    let alone = Spread::of(&mut alone.await.unwrap());
    is_over.store(false, Ordering::Relaxed);
    let other = tokio::spawn(commit_on(Arc::clone(&store), 8, Arc::clone(&is_over)));
    let later = Timestamp::from_seconds(2_000_000_000);
    let before = Horizon { sessions: Timestamp::from_seconds(1_900_000_000), audit: later };
    let (mut steps, mut gone) = (Vec::new(), 0);
    let all = Instant::now();
    loop {
        let started = Instant::now();
        let step = store.sweep(later, before, STEP).await.unwrap();
        steps.push(started.elapsed());
        gone += step;
        if step == 0 || gone >= most {
            break;
        }
    }
    let took = all.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let mut waits = other.await.unwrap();
    assert!(gone >= most, "{gone} of {most}");
    let (steps, waits) = (Spread::of(&mut steps), Spread::of(&mut waits));
    println!("{name}: {gone} of {rows} ended sessions removed in {:.0} s", took.as_secs_f64());
    println!("  {steps} for a step\n  {waits} for another's commit meanwhile\n  {alone} for one before");
    let longest = steps.longest.max(waits.longest);
    let verdict = if longest < BOUND { "kept" } else { "missed" };
    println!(
        "{verdict}: removing ended sessions on {name}, the longest step or wait of others: {longest:.1?} (under {BOUND:?})"
    );
    longest
}

/// Someone who uses their session all the time; how long each commit took.
async fn commit_on<S: Store>(store: Arc<S>, number: u8, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut session = session(number);
    store.commit(vec![Write::InsertSession(session.clone())]).await.unwrap();
    let mut waits = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let started = Instant::now();
        store.commit(vec![Write::UpdateSession(session.clone())]).await.unwrap();
        waits.push(started.elapsed());
        session.version += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    waits
}

/// How long others' commits are watched before anything is removed.
const ALONE: Duration = Duration::from_secs(10);

struct Spread {
    count: usize,
    median: Duration,
    most: Duration,
    longest: Duration,
}

impl Spread {
    fn of(all: &mut [Duration]) -> Self {
        all.sort();
        let at = |part: f64| all[((all.len() - 1) as f64 * part) as usize];
        Self { count: all.len(), median: at(0.5), most: at(0.999), longest: at(1.0) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, most, longest] = [self.median, self.most, self.longest].map(|time| time.as_secs_f64() * 1e3);
        write!(formatter, "{}: median {median:.1} ms, 99.9 % {most:.1} ms, longest {longest:.1} ms", self.count)
    }
}

fn fill_sqlite(path: &std::path::Path, rows: u64) {
    let started = Instant::now();
    let connection = rusqlite::Connection::open(path).unwrap();
    for (name, value) in [("synchronous", "OFF"), ("cache_size", "-1500000"), ("wal_autocheckpoint", "100000")] {
        connection.pragma_update(None, name, value).unwrap();
    }
    for at in (0..rows).step_by(1_000_000) {
        let part = (rows - at).min(1_000_000);
        let numbers = format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {part})");
        connection
            .execute(&format!("INSERT INTO sessions {COLUMNS} {numbers} SELECT {SQLITE_ROW} FROM n"), [])
            .unwrap();
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    settle();
    println!("  {rows} rows made in {:.0} s", started.elapsed().as_secs_f64());
}

/// Waits until the disk has what was made: a flush would wait for it otherwise.
fn settle() {
    assert!(std::process::Command::new("sync").status().unwrap().success());
}

fn session(number: u8) -> Session {
    let now = Timestamp::from_seconds(1_950_000_000);
    Session {
        id: SessionId::from_bytes([number; 16]),
        user: UserId::from_bytes([7; 16]),
        method: Method::Token,
        identity: None,
        secret: SessionSecret::from_bytes([9; 32]),
        refresh: RefreshState::initial(None),
        created_at: now,
        last_used_at: now,
        expires_at: now,
        ends_at: None,
        client: Client::default(),
        end: None,
        version: 0,
    }
}

/// As the server asks for.
const STEP: u32 = 50;
const BOUND: Duration = Duration::from_millis(50);

const COLUMNS: &str = "(id, user_id, method, secret, head_gen, head_ord, child_ord, child_issued_at, receipt_1, keyed, \
    created_at, last_used_at, expires_at, address, device, ended_at, end_reason, version, due_at)";

/// Ended at random times, so that those due together lie all over the table.
const SQLITE_ROW: &str = "randomblob(16), randomblob(16), 'token', randomblob(32), 9, 0, 0, 1764000000000, \
    1764000000000, 0, 1764000000000, 1764000000000, 1790000000000, '192.0.2.7', \
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 1765000000000, 'logout', 9, \
    1765000000000 + abs(random() % 1000000000)";
const POSTGRES_ROW: &str = "gen_random_uuid(), gen_random_uuid(), 'token', \
    sha256(int8send(n)), 9, 0, 0, 1764000000000, 1764000000000, false, 1764000000000, 1764000000000, 1790000000000, \
    '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 1765000000000, 'logout', 9, \
    1765000000000 + (random() * 1000000000)::bigint";
