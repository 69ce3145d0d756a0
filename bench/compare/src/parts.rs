//! What a refresh is made of: each part by itself, then the server that does them all.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use axum::Json;
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokenry_domain::store::{Store as _, Write};
use tokenry_domain::time::Timestamp;
use tokenry_jwt::{Algorithm, SigningKey};
use tokenry_store::{Options, Sqlite};
use tokio::net::TcpListener;

use crate::arguments::Measure;
use crate::child::Child;
use crate::core::Core;
use crate::finding::{Finding, Table};
use crate::fixture::token;
use crate::load::{Client, run};
use crate::primitive;
use crate::refresh::{CLIENTS, Server, tokenry};
use crate::statistics::{digits, median, ratio};
use crate::users;

/// Seconds of the one core for each, a value for each round.
#[derive(Default)]
struct Parts {
    posts: Vec<f64>,
    cryptography: Vec<f64>,
    updates: Vec<f64>,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let folder = tempfile::tempdir().unwrap();
    Core::Server.keep();
    let mut server = tokenry(measure, "Tokenry", &folder.path().join("data"), None);
    let mut echo = Child::start(Command::new(std::env::current_exe().unwrap()).arg("echo"));
    Core::leave();
    let address = echo.port();
    let mut parts = Parts::default();
    let rounds = measure.rounds(15, 2);
    // What has just begun is slower.
    server.turn(0);
    server.turns.forget_last();
    for round in 0..rounds {
        let clients = (0..CLIENTS).map(|_| Same(server.clients[0].request.clone())).collect();
        parts.posts.push(1.0 / run(&[address], clients, TURN).0.rate);
        parts.cryptography.push(Core::Server.run(cryptography));
        let path = folder.path().join(format!("updates-{round}.db"));
        parts.updates.push(Core::Server.run(move || updates(&path)));
        server.turn(0);
    }
    report(measure, rounds, &parts, &server)
}

fn report(measure: &Measure, rounds: usize, parts: &Parts, server: &Server) -> Finding {
    let mut finding = Finding::new("parts", "A refresh, and what it is made of", measure.quick);
    finding.explain(&format!(
        "The parts of a refresh, each by itself on the core that the server has otherwise; {CLIENTS} clients, or callers, of each \
         but the cryptography. `POST`: axum reads a pair of tokens from JSON and answers with them, the same bytes as a refresh \
         sends, under the same load generator, which has the other core. `cryptography`: what a refresh needs of it, by the bare \
         primitives: the access token's signature checked and the next one's made (EdDSA), the refresh token's checked and \
         the next one's made (HMAC), the `jti` of both (HMAC under the session's secret), and random bytes for a `jti`. \
         `update`: one session's row in SQLite through Tokenry's store, on the disk when it is answered \
         (`synchronous=FULL`), one flush for all that came meanwhile. {rounds} rounds; in each, every part has a turn \
         of {} ms, then the server. Medians.",
        TURN.as_millis(),
    ));
    finding.explain(
        "The sum of the parts is what a server could do that did nothing else: not read the row whose update it is, not \
         look at the request's claims, not count, not name its answer. An update waits for the disk, when the core could do \
         something else; that wait is in its time.",
    );
    let rates = server.turns.rates();
    let each: Vec<f64> = rates.iter().map(|rate| 1.0 / rate).collect();
    let sum: Vec<f64> = (0..rounds).map(|at| parts.posts[at] + parts.cryptography[at] + parts.updates[at]).collect();
    let row = |name: &str, times: &[f64]| {
        let rates: Vec<f64> = times.iter().map(|time| 1.0 / time).collect();
        vec![name.to_owned(), digits(median(times) * 1e6), digits(median(&rates))]
    };
    finding.tables.push(Table {
        caption: "On one core".to_owned(),
        columns: ["", "us for each", "in a second"].map(str::to_owned).to_vec(),
        rows: vec![
            row("POST", &parts.posts),
            row("cryptography", &parts.cryptography),
            row("update", &parts.updates),
            row("the sum of the parts", &sum),
            row("Tokenry", &each),
        ],
    });
    let reached = ratio(&sum, &each);
    finding.expect(
        &format!("refresh on SQLite, of what its parts allow: {:.1} % (at least 70)", reached * 100.0),
        reached >= 0.7,
    );
    finding
}

/// A server that answers a pair with the same pair. Prints its port.
pub(crate) fn echo() {
    #[derive(Deserialize, Serialize)]
    struct Pair {
        refresh_token: String,
        access_token: String,
    }
    // One core is all that it has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        let echo = async |Json(pair): Json<Pair>| Json(pair);
        axum::serve(listener, axum::Router::new().route("/v1/refresh", post(echo))).await.unwrap();
    });
}

/// Sends the same again and again.
struct Same(Vec<u8>);

impl Client for Same {
    fn request(&mut self) -> &[u8] {
        &self.0
    }
}

/// Seconds for the bare cryptography of one refresh.
fn cryptography() -> f64 {
    let signatures = [Algorithm::EdDsa, Algorithm::Hs256].map(|algorithm| {
        let key = SigningKey::generate(algorithm).unwrap();
        let tokens = [token(&key, 0)];
        (primitive::verify(&key, &tokens), primitive::sign(&key, &tokens))
    });
    let (started, mut done) = (Instant::now(), 0);
    while started.elapsed() < TURN {
        for (verify, sign) in &signatures {
            verify(done);
            sign(done);
        }
        for position in 0..2_u8 {
            black_box(
                Hmac::<Sha256>::new_from_slice(black_box(&[7; 32])).unwrap().chain_update([position; 24]).finalize(),
            );
        }
        rand::fill(black_box(&mut [0; 16])).unwrap();
        done += 1;
    }
    started.elapsed().as_secs_f64() / done as f64
}

/// Seconds for a durable update of one row, of as many callers as the server has clients.
fn updates(path: &Path) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = Arc::new(Sqlite::open(path, Options::default()).unwrap());
    let started = Instant::now();
    let done: u64 = runtime.block_on(async {
        let callers: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut session = users::session(number, Timestamp::from_seconds(1_764_000_000));
                    store.commit(vec![Write::InsertSession(session.clone())]).await.unwrap();
                    let mut done = 0;
                    while started.elapsed() < TURN {
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
    started.elapsed().as_secs_f64() / done as f64
}

const TURN: Duration = Duration::from_millis(1000);
