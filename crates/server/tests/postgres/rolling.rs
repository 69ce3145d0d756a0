//! Nodes that are replaced one after the other, while clients keep their connections.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use tokenry_guard::Guard;

use crate::balancer::Balancer;
use crate::client::Connection;
use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, until, variables};

/// As a balancer does it: first a node gets no more connections, then it is told to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_request_and_loses_no_revocation() {
    let (cluster, program, balancer) = (cluster(), Program::new(), Balancer::start());
    let (url, issuer) = (cluster.database(&[]), balancer.url());
    let [database, master_key] = variables(&url);
    let start = || program.serve_with(&[database, master_key, ("TOKENRY_ISSUER", &issuer)]);
    let mut nodes = [(); NODES].map(|()| start());
    balancer.turn_to(nodes.each_ref().map(Running::address));
    let guard = Guard::connect(&issuer, &issuer).await.unwrap();
    guard.ready().await;
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (live, ended) = thread::scope(|scope| {
        let client = |number| Client::new(&balancer, &done, &format!("client{number}"));
        let go_on = || !stop.load(Ordering::Relaxed);
        let staying = [0, 1, 2, 3, 4, 5].map(|number| scope.spawn(move || client(number).stay(go_on)));
        let leaving = [6, 7].map(|number| scope.spawn(move || client(number).leave_again_and_again(go_on)));
        let answered = |more: usize| {
            let enough = done.load(Ordering::Relaxed) + more;
            until(|| done.load(Ordering::Relaxed) >= enough);
        };
        for node in 0..NODES {
            answered(100);
            let mut old = std::mem::replace(&mut nodes[node], start());
            balancer.turn_to(nodes.each_ref().map(Running::address));
            // Whoever was on the way to the old one has arrived.
            answered(20);
            old.terminate();
            assert!(old.wait().success());
        }
        answered(100);
        stop.store(true, Ordering::Relaxed);
        let live = staying.map(|client| client.join().unwrap());
        (live, leaving.map(|client| client.join().unwrap()).concat())
    });
    assert!(ended.len() > NODES, "{ended:?}");
    until(|| ended.iter().all(|token| guard.verify_now(token).is_err_and(|refusal| refusal.code() == "token_revoked")));
    assert!(live.iter().all(|token| guard.verify_now(token).is_ok()));
    // It went on where it had been.
    let metrics = guard.metrics();
    assert_eq!((metrics.snapshots, metrics.feed_faults), (1, 0));
    assert!(metrics.feed_connections > 1, "{metrics:?}");
}

/// Keeps its connection until it is closed, and counts the answers.
struct Client<'a> {
    balancer: &'a Balancer,
    done: &'a AtomicUsize,
    name: String,
    connection: Connection,
    /// Connections so far.
    opened: usize,
}

impl<'a> Client<'a> {
    fn new(balancer: &'a Balancer, done: &'a AtomicUsize, name: &str) -> Self {
        Self { balancer, done, name: name.to_owned(), connection: Connection::open(balancer.address()), opened: 1 }
    }

    /// Refreshes and calls. The access token in the end.
    fn stay(mut self, go_on: impl Fn() -> bool) -> String {
        let mut pair = self.sign_up();
        while go_on() {
            let body = json!({ "refresh_token": pair["refresh_token"], "access_token": pair["access_token"] });
            pair = self.post("/v1/refresh", &body, 200);
            let token = pair["access_token"].as_str().unwrap();
            let (status, me) = self.connection().get("/v1/me", Some(token));
            assert_eq!(status, 200, "{me}");
        }
        self.has_kept_its_connection();
        pair["access_token"].as_str().unwrap().to_owned()
    }

    /// Logs in and out. The access tokens of the sessions that ended.
    fn leave_again_and_again(mut self, go_on: impl Fn() -> bool) -> Vec<String> {
        let mut ended = Vec::new();
        self.sign_up();
        while go_on() {
            let pair = self.post("/v1/login", &json!({ "identifier": self.name, "password": PASSWORD }), 200);
            self.post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }), 204);
            ended.push(pair["access_token"].as_str().unwrap().to_owned());
        }
        self.has_kept_its_connection();
        ended
    }

    fn sign_up(&mut self) -> Value {
        self.post("/v1/signup", &json!({ "username": self.name, "password": PASSWORD }), 201)
    }

    fn post(&mut self, path: &str, body: &Value, expected: u16) -> Value {
        let (status, answer) = self.connection().post(path, body);
        assert_eq!(status, expected, "{}: {path}: {answer}", self.name);
        self.done.fetch_add(1, Ordering::Relaxed);
        answer
    }

    fn connection(&mut self) -> &mut Connection {
        if !self.connection.is_open() {
            self.connection = Connection::open(self.balancer.address());
            self.opened += 1;
        }
        &mut self.connection
    }

    /// Each node that stops ends it once at most.
    fn has_kept_its_connection(&self) {
        assert!(self.opened <= 1 + NODES, "{}: {} connections", self.name, self.opened);
    }
}

const NODES: usize = 3;
