//! Three nodes on one PostgreSQL.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::cluster::Cluster;
use crate::http::{Answer, Connection, Request};
use crate::program::Program;
use crate::site::{Site, pause};

/// Three servers that share a database of their own.
pub struct Nodes {
    site: Site,
    cluster: Cluster,
    url: String,
    _directory: tempfile::TempDir,
}

/// How long ended sessions took to be in the feeds, from before the log-out was sent.
#[derive(Debug)]
pub struct Latencies {
    /// On the node that ended them.
    pub own: Vec<Duration>,
    /// On the others.
    pub others: Vec<Duration>,
}

impl Nodes {
    /// Starts them at once, on an empty database.
    pub fn start(binary: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let cluster = Cluster::start(&["max_connections=200"]);
        let url = cluster.database(&[]);
        let site = Site::start(Program::new(binary, directory.path(), Some(url.clone())), NODES);
        Self { site, cluster, url, _directory: directory }
    }

    /// Has [`PARALLEL`] clients refresh one token at the same moment, round after round, each time the newest one.
    /// Returns for how many rounds all got the same new token of one rotation; the first that don't end it.
    pub fn refresh_at_once(&self, rounds: u32, is_keyed: bool) -> Result<u32, String> {
        let name = format!("at-once-{is_keyed}");
        let first = self.sign_up(&name, 0);
        let written = || -> u64 { self.cluster.value(&self.url, VERSIONS).parse().unwrap() };
        let (before, turn, token) = (written(), Barrier::new(PARALLEL + 1), RwLock::new(Some(first)));
        let answers = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for client in 0..PARALLEL {
                let (turn, token, answers) = (&turn, &token, &answers);
                let mut connection = self.connect(client % NODES);
                scope.spawn(move || {
                    loop {
                        turn.wait();
                        let Some(body) = token.read().unwrap().clone() else { return };
                        let key = is_keyed.then(|| body["key"].to_string());
                        let body = json!({ "refresh_token": body["refresh_token"] });
                        let key = key.as_deref();
                        let request = Request { method: "POST", path: "/v1/refresh", body: Some(&body), key, ..EMPTY };
                        let answer = connection.send(request).unwrap();
                        answers.lock().unwrap().push(answer);
                        turn.wait();
                    }
                });
            }
            let mut outcome = Ok(rounds);
            for round in 1..=rounds {
                turn.wait();
                turn.wait();
                let answers = std::mem::take(&mut *answers.lock().unwrap());
                let mut next = answers[0].body.clone();
                let mut old = token.write().unwrap();
                let is_one = |answer: &Answer| {
                    let new = &answer.body["refresh_token"];
                    answer.status == 200
                        && *new == next["refresh_token"]
                        && *new != old.as_ref().unwrap()["refresh_token"]
                };
                if let Some(other) = answers.iter().find(|answer| !is_one(answer)) {
                    outcome = Err(format!("round {round}: {} {}", other.status, other.body));
                } else if written() != before + u64::from(round) {
                    outcome = Err(format!("round {round}: {} rows were written", written() - before));
                }
                next["key"] = format!("{is_keyed}-{round}").into();
                *old = Some(next).filter(|_| outcome.is_ok());
                if outcome.is_err() {
                    break;
                }
            }
            *token.write().unwrap() = None;
            turn.wait();
            outcome
        })
    }

    /// Ends so many sessions, each on another node than the last, while someone follows the feed of each.
    pub fn revoke(&self, count: usize) -> Latencies {
        let seen: Vec<Mutex<HashMap<String, Instant>>> = (0..NODES).map(|_| Mutex::default()).collect();
        let is_over = AtomicBool::new(false);
        let mut chance = Chance::new(1, 1);
        let mut latencies = Latencies { own: Vec::new(), others: Vec::new() };
        thread::scope(|scope| {
            for (node, seen) in seen.iter().enumerate() {
                let is_over = &is_over;
                scope.spawn(move || self.follow(node, seen, is_over));
            }
            for number in 0..count {
                let node = number % NODES;
                let pair = self.sign_up(&format!("revoked{number}"), node);
                // Not in step with the polls that the last one was seen by.
                thread::sleep(Duration::from_millis(chance.below(250)));
                let (id, sent) = (pair["session_id"].as_str().unwrap(), self.log_out(&pair, node));
                for (other, seen) in seen.iter().enumerate() {
                    let at = wait_for(seen, id);
                    let latency = at.saturating_duration_since(sent);
                    if other == node { latencies.own.push(latency) } else { latencies.others.push(latency) }
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        latencies
    }

    /// Suspends a node for `time` while the others end sessions. Returns how long after going on its feed has
    /// all of them; what it refuses and refreshes is looked at, too.
    pub fn suspend(&self, time: Duration) -> Duration {
        let seen = Mutex::default();
        let is_over = AtomicBool::new(false);
        let own = self.sign_up("suspended", 2);
        thread::scope(|scope| {
            let (seen, is_over) = (&seen, &is_over);
            scope.spawn(move || self.follow(2, seen, is_over));
            self.site.suspend_node(2, true);
            let started = Instant::now();
            let mut ended = Vec::new();
            while ended.len() < 10 || started.elapsed() < time {
                let pair = self.sign_up(&format!("meanwhile{}", ended.len()), ended.len() % 2);
                self.log_out(&pair, 1 - ended.len() % 2);
                ended.push(pair);
                thread::sleep(time / 20);
            }
            self.site.suspend_node(2, false);
            let woken = Instant::now();
            for pair in &ended {
                wait_for(seen, pair["session_id"].as_str().unwrap());
            }
            let caught_up = woken.elapsed();
            is_over.store(true, Ordering::Relaxed);
            for pair in &ended {
                assert_eq!(self.refresh(pair, 2).status, 401);
            }
            assert_eq!(self.refresh(&own, 2).status, 200);
            caught_up
        })
    }

    /// Writes down when each entry came. Like a guard, connects again when nothing comes or the node hangs up.
    fn follow(&self, node: usize, seen: &Mutex<HashMap<String, Instant>>, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            for line in self.connect(node).follow().unwrap().map_while(Result::ok) {
                let now = Instant::now();
                let entry = line.strip_prefix("data:").and_then(|data| serde_json::from_str::<Value>(data).ok());
                if let Some(id) = entry.as_ref().and_then(|entry| entry["value"].as_str()) {
                    seen.lock().unwrap().entry(id.to_owned()).or_insert(now);
                }
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }

    fn sign_up(&self, name: &str, node: usize) -> Value {
        let body = json!({ "username": name, "password": "correct horse battery" });
        let answer = self.site.ask(node, Request { method: "POST", path: "/v1/signup", body: Some(&body), ..EMPTY });
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body
    }

    /// Returns when it was sent.
    fn log_out(&self, pair: &Value, node: usize) -> Instant {
        let body = json!({ "refresh_token": pair["refresh_token"] });
        let mut connection = self.connect(node);
        let sent = Instant::now();
        let answer =
            connection.send(Request { method: "POST", path: "/v1/logout", body: Some(&body), ..EMPTY }).unwrap();
        assert_eq!(answer.status, 204, "{}", answer.body);
        sent
    }

    fn refresh(&self, pair: &Value, node: usize) -> Answer {
        let body = json!({ "refresh_token": pair["refresh_token"] });
        self.site.ask(node, Request { method: "POST", path: "/v1/refresh", body: Some(&body), ..EMPTY })
    }

    fn connect(&self, node: usize) -> Connection {
        Connection::open(self.site.address(node).unwrap()).unwrap()
    }
}

impl Latencies {
    /// The 99th of a hundred.
    pub fn p99(all: &[Duration]) -> Duration {
        let mut sorted = all.to_vec();
        sorted.sort();
        sorted[(sorted.len() * 99).div_ceil(100) - 1]
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (which, all) in [("the node that ended them", &self.own), ("the other nodes", &self.others)] {
            let mut sorted = all.clone();
            sorted.sort();
            let [median, p99, longest] = [sorted[sorted.len() / 2], Self::p99(all), sorted[sorted.len() - 1]]
                .map(|time| time.as_secs_f64() * 1e3);
            writeln!(formatter, "- {which}: median {median:.0} ms, p99 {p99:.0} ms, longest {longest:.0} ms")?;
        }
        Ok(())
    }
}

fn wait_for(seen: &Mutex<HashMap<String, Instant>>, id: &str) -> Instant {
    let started = Instant::now();
    loop {
        if let Some(at) = seen.lock().unwrap().get(id) {
            return *at;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{id} is never in the feed");
        pause();
    }
}

/// How many refresh at once.
pub const PARALLEL: usize = 50;
const NODES: usize = 3;
const EMPTY: Request<'static> = Request { method: "GET", path: "", bearer: None, key: None, body: None };
const VERSIONS: &str = "SELECT coalesce(sum(version), 0) FROM sessions";
