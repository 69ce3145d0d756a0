//! How long a log-out takes to hold at a connected guard: from the moment the server's answer arrived, over loopback, with
//! durable commits.
//!
//! `cargo bench -p tokenry-guard --bench revoke` prints the figures; with `-- --check` it fails when a bound is missed.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenry::App;
use tokenry::config::{Bytes, Config, DataDir, List};
use tokenry_guard::Guard;

#[tokio::main]
async fn main() -> ExitCode {
    let check = std::env::args().any(|arg| arg == "--check");
    let directory = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config { data_dir: DataDir(directory.path().to_owned()), ..Config::default() };
    config.password.memory = Bytes(64 << 10);
    config.password.iterations = 1;
    config.rate_limit.enabled = false;
    config.token.audience = List(vec!["orders".to_owned()]);
    let app = App::open(config, address).await.unwrap();
    let router = app.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(Arc::clone(&app).upkeep());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let issuer = format!("http://{address}");
    let guard = Guard::connect(&issuer, "orders").await.unwrap();
    guard.ready().await;

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut tokens = Vec::new();
    for number in 0..REVOCATIONS {
        let body = json!({ "username": format!("user{number}"), "password": "correct horse battery" }).to_string();
        let request = http.post(format!("{issuer}/v1/signup")).header("content-type", "application/json").body(body);
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        let pair: Value = serde_json::from_slice(&answer).unwrap();
        tokens.push(pair["access_token"].as_str().unwrap().to_owned());
    }
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    for token in &tokens {
        assert!(guard.verify_now(token).is_ok());
        let begun = Instant::now();
        http.post(format!("{issuer}/v1/logout")).bearer_auth(token).send().await.unwrap();
        let done = Instant::now();
        while guard.verify_now(token).is_ok() {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        sent.push(begun.elapsed().as_secs_f64() * 1e3);
        answered.push(done.elapsed().as_secs_f64() * 1e3);
    }
    println!("{:<30} {:>8} {:>8} {:>8}", format!("{REVOCATIONS} log-outs, until refused"), "p50, ms", "p99", "longest");
    let p99 = row("from the server's answer", &mut answered);
    row("from the request", &mut sent);
    let is_kept = p99 <= BOUND;
    let verdict = if is_kept { "kept" } else { "missed" };
    println!(
        "{verdict}: from a log-out's answer to refused at a guard, p99 of {REVOCATIONS}: {p99:.2} ms (at most {BOUND})"
    );
    if check && !is_kept { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints a row; its p99.
fn row(what: &str, values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    println!("{what:<30} {:>8.2} {:>8.2} {:>8.2}", at(0.5), at(0.99), at(1.0));
    at(0.99)
}

const REVOCATIONS: usize = 1000;
const BOUND: f64 = 50.0;
