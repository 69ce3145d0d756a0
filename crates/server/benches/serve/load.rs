//! What the benchmarks ask of a server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::random::Random;
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::session::{Client, Method, Session, SessionSecret};
use tokenry_domain::time::Timestamp;

use crate::client::Connection;
use crate::process::Server;

/// What sixty-four clients got done.
pub(crate) struct Load {
    /// Refreshes per second.
    pub(crate) rate: f64,
    /// The server's processor time for each, in microseconds.
    pub(crate) cost: f64,
}

/// Sixty-four clients, each with a session of its own, that refresh with the pair as fast as they are answered.
pub(crate) fn refreshes(server: &Server, round: usize) -> Load {
    let stop = AtomicBool::new(false);
    let pairs: Vec<Value> = (0..CLIENTS)
        .map(|client| {
            let body = json!({ "username": format!("round{round}client{client}"), "password": PASSWORD });
            let (status, pair) = server.connect().post("/v1/signup", &body);
            assert_eq!(status, 201, "{pair}");
            pair
        })
        .collect();
    // The server closes a connection that waited too long for the others' accounts.
    let clients: Vec<(Connection, Value)> = pairs.into_iter().map(|pair| (server.connect(), pair)).collect();
    let (started, used) = (Instant::now(), server.processor_time());
    let done: u64 = thread::scope(|scope| {
        let clients: Vec<_> = clients
            .into_iter()
            .map(|(mut connection, mut pair)| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut done = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let body =
                            json!({ "refresh_token": pair["refresh_token"], "access_token": pair["access_token"] });
                        let (status, next) = connection.post("/v1/refresh", &body);
                        assert_eq!(status, 200, "{next}");
                        pair = next;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        thread::sleep(Duration::from_secs(3));
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    let cost = (server.processor_time() - used) * 1e6 / done as f64;
    Load { rate: done as f64 / started.elapsed().as_secs_f64(), cost }
}

/// A session that no one uses.
pub(crate) fn session(random: &dyn Random) -> Session {
    let now = Timestamp::from_seconds(1_764_000_000);
    Session {
        id: SessionId::generate(random).unwrap(),
        user: UserId::generate(random).unwrap(),
        method: Method::Token,
        identity: None,
        secret: SessionSecret::generate(random).unwrap(),
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

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const CLIENTS: usize = 64;
