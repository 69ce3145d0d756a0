//! What can be wrong with the database, and what clients are told meanwhile: 503 soon, with `Retry-After`, and never that
//! something was done that was not.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, variables};

#[test]
fn a_database_that_stands_still() {
    is_survived(|cluster| cluster.freeze(true), |cluster, _| cluster.freeze(false));
}

#[test]
fn a_database_that_is_stopped() {
    is_survived(Cluster::stop, |cluster, _| cluster.start_again());
}

#[test]
fn a_database_that_is_killed() {
    is_survived(Cluster::kill, |cluster, _| cluster.start_again());
}

#[test]
fn a_database_that_only_reads() {
    let read_only = |cluster: &Cluster, value: &str| {
        cluster.psql(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}"));
        cluster.psql("SELECT pg_reload_conf()");
        cluster.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname <> 'postgres'");
    };
    is_survived(|cluster| read_only(cluster, "on"), |cluster, _| read_only(cluster, "off"));
}

/// After a failover to the wrong side: it answers every read.
#[test]
fn a_database_that_is_a_hot_standby() {
    let demote = |cluster: &Cluster| {
        cluster.stop();
        fs::write(cluster.folder().join("data/standby.signal"), "").unwrap();
        cluster.start_again();
    };
    is_survived(demote, |cluster, _| cluster.psql("SELECT pg_promote()"));
}

/// Two places for one node and a monitor; then others take all that are free.
#[test]
fn a_database_without_free_connections() {
    let cluster = Cluster::start(&["max_connections=8", "superuser_reserved_connections=0", "max_wal_senders=0"]);
    let (url, program) = (cluster.database(&[]), Program::new());
    let server = program.serve_with(&variables(&url));
    let pairs: Vec<Value> = (0..12).map(|number| sign_up(&server, &format!("user{number}"))).collect();
    let at_once = |server: &Running| -> Vec<(u16, String)> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = pairs.iter().map(|pair| scope.spawn(|| refresh(server, pair))).collect();
            asked.into_iter().map(|answer| answer.join().unwrap()).collect()
        })
    };
    let mut others: Vec<Connected> = Vec::new();
    crate::until(|| {
        others.push(Connected::open(&url));
        // What it has, it keeps, and shares: only what it lost it has to ask for again.
        let lose = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenry';";
        writeln!(others[0].0.stdin.as_ref().unwrap(), "{lose}").unwrap();
        let answers = at_once(&server);
        for (status, text) in &answers {
            assert!(*status == 200 || is_unavailable(*status, text), "{text}");
        }
        answers.iter().any(|(status, _)| *status == 503)
    });
    drop(others);
    crate::until(|| at_once(&server).iter().all(|(status, _)| *status == 200));
}

/// The nodes take their time from the database: between the two of them there is no difference.
#[test]
fn a_database_whose_clock_is_two_minutes_off() {
    let cluster = cluster();
    for shift in ["2 minutes", "-2 minutes"] {
        let url = cluster.database(&["search_path = shifted, pg_catalog"]);
        cluster.value(&url, "CREATE SCHEMA shifted");
        let clock = format!("SELECT pg_catalog.clock_timestamp() + interval '{shift}'");
        cluster.value(&url, &format!("CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz RETURN ({clock})"));
        let program = Program::new();
        let nodes = [program.serve_with(&variables(&url)), program.serve_with(&variables(&url))];
        let mut pair = sign_up(&nodes[0], "kim");
        let now = cluster.value(&url, "SELECT extract(epoch FROM now())::bigint").parse::<i64>().unwrap();
        let ahead = pair["server_time"].as_i64().unwrap() - now;
        assert!((100..140).contains(&ahead.abs()) && (ahead < 0) == shift.starts_with('-'), "{shift}: {ahead} s");
        for round in 0..6 {
            let node = &nodes[round % 2];
            assert_eq!(node.connect().get("/v1/me", pair["access_token"].as_str()).0, 200);
            let body = json!({ "refresh_token": pair["refresh_token"], "access_token": pair["access_token"] });
            let (status, next) = node.connect().post("/v1/refresh", &body);
            assert_eq!(status, 200, "{next}");
            pair = next;
        }
        let (status, _) = nodes[0].connect().post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
        assert_eq!(status, 204);
        assert_eq!(nodes[1].connect().post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] })).0, 401);
    }
}

#[test]
fn a_database_that_several_nodes_make_their_first_keys_in_at_once() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..6).map(|_| scope.spawn(|| program.serve_with(&variables))).collect();
        let nodes: Vec<Running> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        let published: Vec<Value> =
            nodes.iter().map(|node| node.connect().get("/.well-known/jwks.json", None).1).collect();
        assert!(published.iter().all(|keys| *keys == published[0]), "{published:?}");
    });
    let listed = program.run_with(&["keys", "list", "--json"], "", &variables).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let mut purposes: Vec<&str> =
        listed["keys"].as_array().unwrap().iter().map(|key| key["purpose"].as_str().unwrap()).collect();
    purposes.sort_unstable();
    purposes.dedup();
    assert_eq!(listed["keys"].as_array().unwrap().len(), purposes.len(), "{listed}");
    // Whoever dies in between, or looks in between, finds none or all.
    let commits = "SELECT count(DISTINCT xmin::text) FROM keys";
    assert_eq!((cluster.value(&url, commits), purposes.len()), ("1".to_owned(), 3));
}

#[test]
fn a_database_of_a_newer_program() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    drop(program.serve_with(&variables));
    cluster.value(
        &url,
        "INSERT INTO refinery_schema_history SELECT max(version) + 1, 'later' FROM refinery_schema_history",
    );
    let everything = "SELECT string_agg(query_to_xml('SELECT * FROM ' || tablename, true, true, '')::text, '' ORDER BY tablename) \
                      FROM pg_tables WHERE schemaname = 'public'";
    let before = cluster.value(&url, everything);
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "rotate", "--now"], &["user", "list"]] {
        let refused = program.run_with(command, "", &variables);
        assert!(refused.code == 1 && refused.stderr.contains("run the newer program"), "{refused:?}");
    }
    assert_eq!(cluster.value(&url, everything), before);
}

/// Does `harm`, while one client is in the middle of a session and another's is about to end; then `repair`.
fn is_survived(harm: impl FnOnce(&Cluster), repair: impl FnOnce(&Cluster, &str)) {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let server = program.serve_with(&variables(&url));
    let (kim, lee) = (sign_up(&server, "kim"), sign_up(&server, "lee"));
    harm(&cluster);
    let calls = [
        ("/v1/refresh", json!({ "refresh_token": kim["refresh_token"] })),
        ("/v1/logout", json!({ "refresh_token": lee["refresh_token"] })),
        ("/v1/login", json!({ "identifier": "kim", "password": PASSWORD })),
        ("/v1/signup", json!({ "username": "park", "password": PASSWORD })),
    ];
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for (path, body) in &calls {
                let server = &server;
                scope.spawn(move || {
                    let asked = Instant::now();
                    let (status, text) = post(server, path, body);
                    assert!(is_unavailable(status, &text), "{path}: {text}");
                    assert!(asked.elapsed() < Duration::from_secs(10), "{path}: {:?}", asked.elapsed());
                });
            }
            assert_eq!(server.connect().get("/healthz", None).0, 200);
            // The first may still count a commit that has just been made.
            crate::until(|| server.connect().get("/readyz", None).0 == 503);
        });
    }
    repair(&cluster, &url);
    crate::until(|| server.connect().get("/readyz", None).0 == 200);
    // The token that no answer came for, again.
    assert_eq!(refresh(&server, &kim).0, 200);
    // What was answered 503 may have been done in the end or not; it is certain again now.
    assert_eq!(post(&server, "/v1/logout", &json!({ "refresh_token": lee["refresh_token"] })).0, 204);
    assert_eq!(refresh(&server, &lee).0, 401);
    crate::until(|| {
        let feed = server.connect().get("/v1/revocations", None).1;
        feed["entries"]
            .as_array()
            .is_some_and(|entries| entries.iter().any(|entry| entry["value"] == lee["session_id"]))
    });
    // The log says what is wrong, and does not drown in it: several times a second it is tried again.
    let log = server.log();
    for what in ["signing keys can't be read", "the revocation feed can't be read"] {
        let reasons: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(what)?.1)).collect();
        assert!(reasons.windows(2).all(|pair| pair[0] != pair[1]), "{what}: {reasons:?}");
    }
    crate::until(|| !log.contains("can't be read") || server.log().contains("over: "));
}

fn sign_up(server: &Running, name: &str) -> Value {
    let (status, pair) = server.connect().post("/v1/signup", &json!({ "username": name, "password": PASSWORD }));
    assert_eq!(status, 201, "{pair}");
    pair
}

fn refresh(server: &Running, pair: &Value) -> (u16, String) {
    post(server, "/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }))
}

fn is_unavailable(status: u16, text: &str) -> bool {
    status == 503 && text.to_lowercase().contains("\r\nretry-after: ") && text.contains(r#""code":"unavailable""#)
}

/// The status, and all of the answer with its headers.
fn post(server: &Running, path: &str, body: &Value) -> (u16, String) {
    let (mut stream, body) = (TcpStream::connect(server.address()).unwrap(), body.to_string());
    let head = "Host: test\r\nConnection: close\r\nContent-Type: application/json";
    write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

/// Someone else's connection, until it is dropped.
struct Connected(Child);

impl Connected {
    fn open(url: &str) -> Self {
        let mut command = Command::new(cluster::on_path("psql").unwrap());
        command.args(["-X", "-q", url]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
