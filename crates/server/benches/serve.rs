//! The server as a whole, in release: `cargo bench -p tokenry --bench serve`. Server and load share the machine.
//!
//! Prints refreshes per second through HTTP against commits one by one, how other calls fare while log-ins are queued,
//! and the footprint. `-- --check` fails when a bound is missed.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "serve/client.rs"]
#[expect(dead_code, reason = "shared with the process tests")]
mod client;
#[path = "serve/load.rs"]
mod load;
#[path = "serve/process.rs"]
mod process;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use load::{Load, PASSWORD, refreshes, session};
use process::Server;
use serde_json::json;
use tokenry_domain::random;
use tokenry_domain::store::{Store, Write};
use tokenry_store::{Options, Sqlite};

fn main() {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut missed = Vec::new();
    let mut report = |what: &str, value: f64, unit: &str, good: bool, bound: &str| {
        println!("{}: {what}: {value:.2} {unit} ({bound})", if good { "kept" } else { "missed" });
        if !good {
            missed.push(what.to_owned());
        }
    };
    let directory = tempfile::tempdir().unwrap();

    let size = std::fs::metadata(env!("CARGO_BIN_EXE_tokenry")).unwrap().len() as f64 / 1e6;
    report("binary", size, "MB", size < 16.0, "under 16");

    drop(Server::start(directory.path()));
    let mut starts: Vec<Duration> = (0..11).map(|_| Server::start(directory.path()).started_in).collect();
    starts.sort();
    let start = starts[5].as_secs_f64() * 1e3;
    report("start on an existing database, median of 11", start, "ms", start < 60.0, "under 60");

    let server = Server::start(directory.path());
    thread::sleep(Duration::from_secs(3));
    let idle = server.resident() / 1024.0;
    report("resident, idle", idle, "MiB", idle < 16.0, "under 16");

    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let single = commits_one_by_one(directory.path(), round);
        let Load { rate: refreshes, cost } = refreshes(&server, round);
        println!(
            "  round {round}: {single:.0} commits/s one by one, {refreshes:.0} refreshes/s through HTTP, {cost:.0} us of the server for each"
        );
        ratios.push(refreshes / single);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    report("refresh through HTTP / commits one by one", ratio, "times", ratio >= 1.5, "at least 1.5");

    let visible = revoked_to_visible(&server).as_secs_f64() * 1e3;
    report("log-out to its entry in the feed, p99", visible, "ms", visible < 50.0, "under 50");

    // What log-ins needed just now is given back first.
    thread::sleep(Duration::from_secs(4));
    let before = server.resident() / 1024.0;
    let p99 = other_calls_during_logins(&server).as_secs_f64() * 1e3;
    report("other calls while 200 log-ins are queued, p99", p99, "ms", p99 < 50.0, "under 50");
    thread::sleep(Duration::from_secs(10));
    let kept = server.resident() / 1024.0 - before;
    report("memory kept ten seconds after the burst", kept, "MiB", kept < 5.0, "under 5");

    assert!(!check || missed.is_empty(), "missed: {missed:?}");
}

/// One caller that waits for each commit: what a store without group commit reaches.
fn commits_one_by_one(directory: &Path, round: usize) -> f64 {
    let store = Sqlite::open(&directory.join(format!("single-{round}.db")), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut session = session(&random::System::new());
        store.commit(vec![Write::InsertSession(session.clone())]).await.unwrap();
        let started = Instant::now();
        let mut commits = 0;
        while started.elapsed() < Duration::from_secs(2) {
            store.commit(vec![Write::UpdateSession(session.clone())]).await.unwrap();
            session.version += 1;
            commits += 1;
        }
        f64::from(commits) / started.elapsed().as_secs_f64()
    })
}

/// Logs sessions out, one after the other, and waits until a subscriber hears of each.
fn revoked_to_visible(server: &Server) -> Duration {
    let mut connection = server.connect();
    let (_, pair) = connection.post("/v1/signup", &json!({ "username": "feed", "password": PASSWORD }));
    assert!(pair["session_id"].is_string(), "{pair}");
    let mut events = server.connect().events("/v1/revocations");
    let mut times = Vec::new();
    for _ in 0..REVOCATIONS {
        let (_, pair) = connection.post("/v1/login", &json!({ "identifier": "feed", "password": PASSWORD }));
        let id = pair["session_id"].as_str().unwrap();
        let started = Instant::now();
        let (status, _) = connection.post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
        assert_eq!(status, 204);
        assert!(events.any(|line| line.unwrap().contains(id)));
        times.push(started.elapsed());
    }
    times.sort();
    times[REVOCATIONS * 99 / 100]
}

/// Asks for the keys and for the own account, one after the other, while log-ins fill the queue.
fn other_calls_during_logins(server: &Server) -> Duration {
    let mut connection = server.connect();
    let (_, pair) = connection.post("/v1/signup", &json!({ "username": "burst", "password": PASSWORD }));
    let token = pair["access_token"].as_str().unwrap().to_owned();
    thread::scope(|scope| {
        let logins: Vec<_> = (0..200)
            .map(|_| {
                let mut connection = server.connect();
                scope.spawn(move || {
                    connection.post("/v1/login", &json!({ "identifier": "burst", "password": PASSWORD })).0
                })
            })
            .collect();
        let mut times = Vec::new();
        while !logins.iter().all(thread::ScopedJoinHandle::is_finished) {
            for (path, token) in [("/.well-known/jwks.json", None), ("/v1/me", Some(token.as_str()))] {
                let started = Instant::now();
                assert_eq!(connection.get(path, token).0, 200);
                times.push(started.elapsed());
            }
            thread::sleep(Duration::from_millis(2));
        }
        for login in logins {
            assert_eq!(login.join().unwrap(), 200);
        }
        times.sort();
        times[times.len() * 99 / 100]
    })
}

const ROUNDS: usize = 3;
const REVOCATIONS: usize = 200;
