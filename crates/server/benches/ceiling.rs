//! How near the server comes to what its parts allow, and what a million sessions cost: `cargo bench -p tokenry --bench
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

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cluster::Cluster;
use load::{CLIENTS, Load, refreshes, session};
use process::Server;
use serde_json::{Value, json};
use tokenry_domain::random::System;
use tokenry_domain::session::{Method, Session};
use tokenry_domain::store::{Store, Write};
use tokenry_domain::time::Timestamp;
use tokenry_jwt::{Algorithm, KeySet, SigningKey, Verifier};
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

    let server = Server::start(directory.path());
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let http = bare_posts(&runtime);
        let pairs = pairs();
        let updates = grouped_updates(&runtime, directory.path(), round);
        let predicted = 1.0 / (1.0 / http + 1.0 / pairs + 1.0 / updates);
        let Load { rate: measured, cost } = refreshes(&server, round);
        println!(
            "  round {round}: {measured:.0} refreshes/s of {predicted:.0}: {http:.0} bare POST/s, {pairs:.0} pairs/s \
             verified and signed, {updates:.0} durable updates/s; the server works {cost:.0} us for each"
        );
        ratios.push(measured / predicted);
    }
    let ratio = 100.0 * median(&mut ratios);
    report("refresh on SQLite, of what its parts allow", ratio, "%", ratio >= 70.0, "at least 70");
    drop(server);

    let cluster = Cluster::start(&["max_connections=200"]);
    let url = cluster.database(&[]);
    let shared =
        Server::start_with(directory.path(), &[("TOKENRY_DATABASE", &url), ("TOKENRY_MASTER_KEY", MASTER_KEY)]);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let measured = refreshes(&shared, round).rate;
        let updates = pgbench(&url, directory.path());
        println!("  round {round}: {measured:.0} refreshes/s, pgbench updates {updates:.0} rows/s");
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

/// Requests per second of a server that only reads a body of that size and answers with another.
fn bare_posts(runtime: &Runtime) -> f64 {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let echo = async |axum::Json(body): axum::Json<Value>| axum::Json(body);
    let router = axum::Router::new().route("/", axum::routing::post(echo));
    let server = runtime.spawn(async { axum::serve(listener, router).await });
    let body = json!({ "refresh_token": "a".repeat(500), "access_token": "b".repeat(500) });
    let started = Instant::now();
    let done: u64 = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = client::Connection::open(address);
                    let mut done = 0;
                    while started.elapsed() < SPAN {
                        assert_eq!(connection.post("/", &body).0, 200);
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    let rate = done as f64 / started.elapsed().as_secs_f64();
    server.abort();
    rate
}

/// Pairs per second of which the old one is verified and the new one signed, on all cores at once: alone, each is faster.
fn pairs() -> f64 {
    let (access, refresh) = (SigningKey::generate(Algorithm::EdDsa), SigningKey::generate(Algorithm::Hs256));
    let (access, refresh) = (access.unwrap(), refresh.unwrap());
    let claims = json!({ "iss": "a", "aud": "a", "sub": "b", "iat": 1, "exp": 2, "sid": "c", "jti": "d" });
    let verifier = |typ| Verifier::new("a", ["a"]).typ(typ);
    let pairs = [("at+jwt", &access), ("rt+jwt", &refresh)].map(|(typ, key)| {
        (typ, key, key.sign(typ, &claims).unwrap(), KeySet::from(key.verifying_key()), verifier(typ))
    });
    let cores = thread::available_parallelism().unwrap().get();
    let started = Instant::now();
    let done: u64 = thread::scope(|scope| {
        let work = || {
            let mut done = 0;
            while started.elapsed() < SPAN {
                for (typ, key, token, keys, verifier) in &pairs {
                    black_box(verifier.verify_genuine(black_box(token), keys).unwrap());
                    black_box(key.sign(typ, black_box(&claims)).unwrap());
                }
                done += 1;
            }
            done
        };
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    done as f64 / started.elapsed().as_secs_f64()
}

/// Updates of one row per second, each durable, with as many callers as the load has clients.
fn grouped_updates(runtime: &Runtime, directory: &Path, round: usize) -> f64 {
    let store = Arc::new(Sqlite::open(&directory.join(format!("grouped-{round}.db")), Options::default()).unwrap());
    let started = Instant::now();
    let done: u64 = runtime.block_on(async {
        let callers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut session = session(&System::new());
                    store.commit(vec![Write::InsertSession(session.clone())]).await.unwrap();
                    let mut done = 0;
                    while started.elapsed() < SPAN {
                        store.commit(vec![Write::UpdateSession(session.clone())]).await.unwrap();
                        session.version += 1;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for caller in callers {
            done += caller.await.unwrap();
        }
        done
    });
    done as f64 / started.elapsed().as_secs_f64()
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
const SPAN: Duration = Duration::from_secs(3);
const MILLION: usize = 1_000_000;
const SOME: usize = 200_000;
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS bench (id int PRIMARY KEY, number int NOT NULL) WITH (fillfactor = 70); \
    INSERT INTO bench SELECT n, 0 FROM generate_series(1, 64) AS n ON CONFLICT DO NOTHING";
