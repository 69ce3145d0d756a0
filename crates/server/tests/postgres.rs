//! The binary on PostgreSQL: one process, and three that share a database.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "process/balancer.rs"]
mod balancer;
#[path = "../benches/serve/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../../store/tests/support/cluster.rs"]
#[allow(dead_code)]
mod cluster;
#[path = "postgres/feed.rs"]
mod feed;
#[path = "postgres/limits.rs"]
mod limits;
#[path = "postgres/lives.rs"]
mod lives;
#[path = "postgres/outages.rs"]
mod outages;
#[path = "process/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "postgres/rekey.rs"]
mod rekey;
#[path = "postgres/rolling.rs"]
mod rolling;
#[path = "postgres/standing_still.rs"]
mod standing_still;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client::Connection;
use cluster::Cluster;
use program::{Program, Running};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

#[test]
fn one_process_does_everything_on_it() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    let server = program.serve_with(&variables);
    let mut connection = server.connect();
    let (status, _) = connection.post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    assert_eq!(status, 201);
    let (status, pair) = connection.post("/v1/login", &json!({ "identifier": "KIM", "password": PASSWORD }));
    assert_eq!(status, 200, "{pair}");
    let (status, pair) = connection.post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }));
    assert_eq!(status, 200, "{pair}");
    let pair = refresh_at_once(&[&server], &pair);
    assert_eq!(rotations(&cluster, &url), 2);
    for command in [
        &["user", "set", "kim", "--attr", "team=orders"][..],
        &["session", "list", "kim"],
        &["keys", "rotate", "--now"],
        &["audit", "--user", "kim"],
    ] {
        let done = program.run_with(command, "", &variables);
        assert_eq!(done.code, 0, "{done:?}");
    }
    let (status, _) = connection.post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
    assert_eq!(status, 204);
    let (status, refused) = connection.post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }));
    assert_eq!((status, &refused["reason"]), (401, &json!("logout")));
    assert_eq!(connection.get("/readyz", None).0, 200);
}

/// Fifty tabs refresh one token at once, through whichever node answers: one rotation, one new token for all.
#[test]
fn fifty_refreshes_over_three_nodes_are_one_rotation() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    // All start on an empty database at once: one makes its tables, one its keys.
    let nodes: Vec<Running> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| program.serve_with(&variables))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let nodes: Vec<&Running> = nodes.iter().collect();
    let (_, mut pair) = nodes[0].connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    for round in 1..=20 {
        pair = refresh_at_once(&nodes, &pair);
        assert_eq!(rotations(&cluster, &url), round);
    }
    let token = pair["access_token"].as_str();
    for node in &nodes {
        assert_eq!(node.connect().get("/v1/me", token).0, 200, "each knows the others' keys");
    }
}

/// Whoever follows the feed, on whichever node, hears of it from the others, and all nodes state the same digest.
#[test]
fn a_session_that_ends_on_one_node_is_in_the_feed_of_all() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    let nodes: Vec<Running> = (0..3).map(|_| program.serve_with(&variables)).collect();
    let mut feeds: Vec<_> = nodes.iter().map(|node| node.connect().events("/v1/revocations")).collect();
    for (round, node) in nodes.iter().enumerate() {
        let signup = json!({ "username": format!("user{round}"), "password": PASSWORD });
        let (_, pair) = nodes[0].connect().post("/v1/signup", &signup);
        let (status, _) = node.connect().post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
        assert_eq!(status, 204);
        let id = pair["session_id"].as_str().unwrap();
        for feed in &mut feeds {
            assert!(feed.any(|line| line.unwrap().contains(id)));
        }
    }
    let snapshots: Vec<Value> = nodes.iter().map(|node| node.connect().get("/v1/revocations", None).1).collect();
    for snapshot in &snapshots {
        assert_eq!((&snapshot["seq"], &snapshot["tag"]), (&json!(3), &snapshots[0]["tag"]));
        assert_eq!(digest(snapshot), digest(&snapshots[0]));
    }
}

/// Whoever is killed in the middle has replaced the key and told the feed, or has done nothing: no key is left half
/// revoked, and one always signs.
#[test]
fn an_emergency_rotation_is_one_transaction() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    drop(program.serve_with(&variables));
    for round in ["without a successor", "with one"] {
        let rotated = program.run_with(&["keys", "rotate", "--emergency"], "", &variables);
        assert_eq!(rotated.code, 0, "{rotated:?}");
        let transactions = "SELECT count(DISTINCT xmin::text) FROM ( \
            SELECT xmin FROM keys WHERE purpose = 'access' AND changed_at = (SELECT max(changed_at) FROM keys) \
            UNION ALL (SELECT xmin FROM revocations ORDER BY seq DESC LIMIT 1) \
            UNION ALL SELECT xmin FROM audit WHERE actor = 'operator' AND at = (SELECT max(changed_at) FROM keys))";
        assert_eq!(cluster.value(&url, &format!("{transactions} AS written")), "1", "{round}");
        assert_eq!(program.run_with(&["keys", "rotate"], "", &variables).code, 0);
    }
}

/// Each request goes to another node than the one before, sooner than that has looked for what the others changed.
#[test]
fn keys_rotated_under_load_are_known_to_every_node_at_once() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    let nodes: Vec<Running> = (0..3).map(|_| program.serve_with(&variables)).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|client| {
                let (nodes, stop) = (&nodes, &stop);
                scope.spawn(move || {
                    let mut connections: Vec<Connection> = nodes.iter().map(Running::connect).collect();
                    let signup = json!({ "username": format!("client{client}"), "password": PASSWORD });
                    let (status, mut pair) = connections[0].post("/v1/signup", &signup);
                    assert_eq!(status, 201, "{pair}");
                    let mut keys = BTreeSet::new();
                    for turn in client.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let body =
                            json!({ "refresh_token": pair["refresh_token"], "access_token": pair["access_token"] });
                        let (status, next) = connections[turn % 3].post("/v1/refresh", &body);
                        assert_eq!(status, 200, "{next}");
                        pair = next;
                        let (status, me) = connections[(turn + 1) % 3].get("/v1/me", pair["access_token"].as_str());
                        assert_eq!(status, 200, "{me}");
                        keys.insert(kid(&pair["refresh_token"]));
                    }
                    keys.len()
                })
            })
            .collect();
        for round in 0..16 {
            let how = if round % 2 == 0 { "--refresh" } else { "--now" };
            assert_eq!(program.run_with(&["keys", "rotate", how], "", &variables).code, 0);
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            assert!(client.join().unwrap() > 4, "it met hardly any of the keys");
        }
    });
}

#[test]
fn without_a_master_key_or_with_a_bad_url_it_does_not_start_and_says_why() {
    let program = Program::new();
    let url = "postgres://someone:hidden-one@127.0.0.1:1/db";
    let refused = program.run_with(&["serve"], "", &[("TOKENRY_DATABASE", url)]);
    assert!(refused.code == 2 && refused.stderr.contains("master_key"), "{refused:?}");
    let unreachable = program.run_with(&["serve", "--listen", "127.0.0.1:0"], "", &variables(url));
    assert!(unreachable.code == 1 && unreachable.stderr.contains("unavailable"), "{unreachable:?}");
    let printed = program.run_with(&["config", "print"], "", &variables(url));
    assert!(printed.code == 0 && printed.stdout.contains("postgres://(set)"), "{printed:?}");
    for output in [refused, unreachable, printed] {
        assert!(!format!("{output:?}").contains("hidden-one"), "{output:?}");
    }
}

/// Its ways are named; nothing is written, and nothing needs to be reached.
#[test]
fn backup_and_restore_point_to_its_own_ways() {
    let program = Program::new();
    let file = program.directory().join("copy.db");
    for command in ["backup", "restore"] {
        let variables = variables("postgres://someone@127.0.0.1:1/db");
        let refused = program.run_with(&[command, file.to_str().unwrap()], "", &variables);
        assert_eq!(refused.code, 1, "{refused:?}");
        for way in ["pg_dump", "point-in-time recovery", "invalid_request"] {
            assert!(refused.stderr.contains(way), "{refused:?}");
        }
    }
    assert!(!file.exists());
}

/// `require` wants a trusted certificate for the name in the URL; `prefer` takes any.
#[test]
fn a_certificate_is_demanded_as_the_url_says() {
    let (folder, program) = (tempfile::tempdir().unwrap(), Program::new());
    let (certificate, key) = cluster::certificate(folder.path(), "localhost");
    let files = [("ssl_cert_file", &certificate), ("ssl_key_file", &key)];
    let files = files.map(|(name, file)| format!("{name}={}", file.display()));
    let cluster = Cluster::start(&["ssl=on", "listen_addresses=localhost", "fsync=off", &files[0], &files[1]]);
    let ours = std::fs::read(&certificate).unwrap();
    let trusted = program.directory().join("trusted.crt");
    std::fs::write(&trusted, ours).unwrap();
    for (host, mode, is_trusted, is_taken) in [
        ("localhost", "prefer", false, true),
        ("localhost", "require", false, false),
        ("localhost", "require", true, true),
        ("localhost", "verify-full", true, true),
        ("127.0.0.1", "require", true, false),
    ] {
        let url = format!("postgres://tokenry@{host}:{}/postgres?sslmode={mode}", cluster.port());
        let mut variables = variables(&url).to_vec();
        if is_trusted {
            variables.push(("SSL_CERT_FILE", trusted.to_str().unwrap()));
        }
        let done = program.run_with(&["audit"], "", &variables);
        assert_eq!(done.code == 0, is_taken, "{host} {mode} {is_trusted}: {done:?}");
        assert!(is_taken || done.stderr.contains("certificate"), "{done:?}");
    }
}

/// Refreshes the token of `pair` from fifty threads at the same moment; all must get the same new one.
fn refresh_at_once(nodes: &[&Running], pair: &Value) -> Value {
    let barrier = Barrier::new(PARALLEL);
    let body = json!({ "refresh_token": pair["refresh_token"] });
    let ask = |node: &Running| {
        let mut connection = node.connect();
        barrier.wait();
        connection.post("/v1/refresh", &body)
    };
    let answers: Vec<(u16, Value)> = thread::scope(|scope| {
        let ask = &ask;
        let asked: Vec<_> = (0..PARALLEL).map(|n| scope.spawn(move || ask(nodes[n % nodes.len()]))).collect();
        asked.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    for (status, answer) in &answers {
        assert_eq!((*status, &answer["refresh_token"]), (200, &answers[0].1["refresh_token"]), "{answer}");
    }
    assert_ne!(answers[0].1["refresh_token"], pair["refresh_token"]);
    answers[0].1.clone()
}

/// What a snapshot's own statement says of all entries.
fn digest(snapshot: &Value) -> Value {
    let statement = tokenry_jwt::Unverified::parse(snapshot["heartbeat"].as_str().unwrap()).unwrap();
    statement.insecure_claims()["digest"].clone()
}

fn kid(token: &Value) -> String {
    let token = tokenry_jwt::Unverified::parse(token.as_str().unwrap()).unwrap();
    token.insecure_header()["kid"].as_str().unwrap().to_owned()
}

/// How often a row of a session was written.
fn rotations(cluster: &Cluster, url: &str) -> u64 {
    cluster.value(url, "SELECT sum(version) FROM sessions").parse().unwrap()
}

#[allow(clippy::disallowed_methods, reason = "this is the waiting")]
fn until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never happened");
        thread::sleep(Duration::from_millis(20));
    }
}

fn cluster() -> Cluster {
    Cluster::start(&["max_connections=200"])
}

fn variables(url: &str) -> [(&str, &str); 2] {
    [("TOKENRY_DATABASE", url), ("TOKENRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")]
}

const PARALLEL: usize = 50;
