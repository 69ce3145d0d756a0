//! The binary as a process: what starting, stopping and killing it does, and commands beside a running server.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "process/backup.rs"]
mod backup;
#[path = "process/balancer.rs"]
mod balancer;
#[path = "../benches/serve/client.rs"]
#[expect(dead_code, reason = "shared with the benchmark")]
mod client;
#[path = "process/preview.rs"]
mod preview;
#[path = "process/program.rs"]
mod program;
#[path = "process/sockets.rs"]
mod sockets;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use program::{ISSUER, Program};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";

#[test]
fn a_first_start_makes_everything_and_says_where_to_go() {
    let program = Program::new();
    let server = program.serve();
    assert!(server.greeting.contains("/v1/signup") && server.greeting.contains("/docs"), "{}", server.greeting);
    let (status, pair) = server.connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    assert_eq!(status, 201, "{pair}");
    for file in ["master.key", "tokenry.db"] {
        let metadata = std::fs::metadata(program.directory().join(file)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_second_server_is_refused_and_commands_work_beside_the_first() {
    let program = Program::new();
    let server = program.serve();
    let second = program.run(&["serve", "--listen", "127.0.0.1:0"], "");
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("start_failed"), "{second:?}");
    let added = program.run(&["user", "add", "kim", "--password-stdin", "--role", "admin", "--json"], PASSWORD);
    assert_eq!(added.code, 0, "{added:?}");
    let login = json!({ "identifier": "kim", "password": PASSWORD });
    let (status, pair) = server.connect().post("/v1/login", &login);
    assert_eq!((status, &pair["user"]["roles"]), (200, &json!(["admin"])));
    let token = pair["access_token"].as_str().unwrap();
    let before = server.connect().get("/.well-known/jwks.json", None).1;
    assert_eq!(program.run(&["keys", "rotate", "--now"], "").code, 0);
    until(|| server.connect().get("/.well-known/jwks.json", None).1 != before);
    assert_eq!(server.connect().get("/v1/me", Some(token)).0, 200);
    let set = program.run(&["user", "set", "kim", "--attr", "team=orders", "--no-role", "admin", "--json"], "");
    let set: Value = serde_json::from_str(&set.stdout).unwrap();
    assert_eq!((&set["attributes"], &set["roles"]), (&json!({ "team": "orders" }), &json!([])));
    let sessions = program.run(&["session", "list", "kim", "--json"], "");
    let sessions: Value = serde_json::from_str(&sessions.stdout).unwrap();
    let id = sessions["sessions"][0]["id"].as_str().unwrap();
    assert_eq!(program.run(&["session", "revoke", id], "").code, 0);
    let (status, refused) = server.connect().get("/v1/me", Some(token));
    assert_eq!((status, &refused["reason"]), (401, &json!("admin")));
    let audit = program.run(&["audit", "--json", "--user", "kim"], "").stdout;
    let kinds: Vec<Value> =
        audit.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone()).collect();
    assert_eq!(kinds, ["session_ended", "user_changed", "logged_in", "user_created"]);
    assert_eq!(program.run(&["user", "delete", "kim"], "").code, 0);
    assert_eq!(program.run(&["user", "disable", "kim"], "").code, 1);
}

#[test]
fn tokens_are_verified_on_the_command_line() {
    let program = Program::new();
    let server = program.serve();
    let (_, pair) = server.connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    let token = pair["access_token"].as_str().unwrap();
    let jwks = server.jwks();
    let verify = |more: &[&str], token: &str, input: &str| {
        let mut arguments = vec!["token", "verify", "--jwks", &jwks, "--issuer", ISSUER, "--audience", ISSUER];
        arguments.extend(more);
        arguments.push(token);
        program.run(&arguments, input)
    };
    let good = verify(&[], token, "");
    assert_eq!(good.code, 0, "{good:?}");
    let claims: Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!(claims["sid"], pair["session_id"]);
    assert_eq!(verify(&[], "-", token).code, 0);
    assert_eq!(verify(&[], "-", &format!("{token}\n")).code, 0);
    for (more, token, input, code) in [
        (&["--at", "4000000000"][..], token, "", "token_expired"),
        (&["--typ", "rt+jwt"], token, "", "token_invalid"),
        (&[], "-", &format!("{token}\n\n") as &str, "token_invalid"),
        (&[], &format!("{token}A") as &str, "", "token_invalid"),
        (&[], pair["refresh_token"].as_str().unwrap(), "", "token_invalid"),
        (&[], "", "", "token_invalid"),
    ] {
        let refused = verify(more, token, input);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_eq!(serde_json::from_str::<Value>(&refused.stdout).unwrap()["code"], code);
    }
    assert_eq!(program.run(&["token", "verify", token], "").code, 2);
    assert_eq!(program.run(&["token", "verify", "--nonsense"], "").code, 2);
    let explained = program.run(&["token", "explain", "--jwks", &jwks, "--at", "4000000000", "--json", token], "");
    let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
    assert_eq!(explained["problems"][0]["code"], "expired");
    let secret = program.directory().join("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let secret = format!("{}:HS256", secret.display());
    let claims = r#"{"iss":"a","aud":"b","sub":"c"}"#;
    let signed = program.run(&["token", "sign", "--secret", &secret, "--claims", claims, "--expires-in", "1h"], "");
    let own = ["token", "verify", "--secret", &secret, "--issuer", "a", "--audience", "b", signed.stdout.trim()];
    assert_eq!(program.run(&own, "").code, 0, "{signed:?}");
    let milliseconds = r#"{"exp":1480849147370}"#;
    assert_eq!(program.run(&["token", "sign", "--secret", &secret, "--claims", milliseconds], "").code, 1);
}

#[test]
fn a_bad_configuration_stops_the_start_and_is_named() {
    let program = Program::new();
    for (name, value) in [
        ("TOKENRY_NONSENSE", "1"),
        ("TOKENRY_TOKEN__ACCESS_TTL", "soon"),
        ("TOKENRY_ISSUER", "http://a.example"),
        ("TOKENRY_BRAND__COLOUR", "red"),
        ("TOKENRY_BRAND__NAME", " "),
        ("TOKENRY_BRAND__LOGO", "/nowhere/logo.png"),
    ] {
        let stopped = program.run_with(&["config", "check"], "", &[(name, value)]);
        assert_eq!(stopped.code, 2, "{stopped:?}");
        let key = name.rsplit('_').next().unwrap().to_lowercase();
        assert!(stopped.stderr.contains(&key), "{stopped:?}");
    }
    let printed = program.run_with(&["config", "print"], "", &[("TOKENRY_ADMIN__TOKEN", "hidden-one")]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(!printed.stdout.contains("hidden-one") && printed.stdout.contains("access_ttl"), "{printed:?}");
}

#[test]
fn a_request_that_is_being_answered_is_finished_before_the_end() {
    let program = Program::new();
    let mut server = program.serve();
    let mut connection = server.connect();
    let signup =
        thread::spawn(move || connection.post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD })).0);
    until(|| server.connect().get("/metrics", None).0 == 200);
    let stopping = Instant::now();
    server.terminate();
    assert_eq!(signup.join().unwrap(), 201);
    assert!(server.wait().success());
    assert!(stopping.elapsed() < Duration::from_secs(10));
}

/// A balancer sends it no more, and who keeps a connection asks elsewhere.
#[test]
fn one_core_does_all() {
    let program = Program::new();
    let mut server = program.serve_on_one_core();
    thread::scope(|scope| {
        for number in 0..16 {
            let mut connection = server.connect();
            scope.spawn(move || {
                let account = json!({ "username": format!("user{number}"), "password": PASSWORD });
                let (status, mut pair) = connection.post("/v1/signup", &account);
                assert_eq!(status, 201, "{pair}");
                for _ in 0..10 {
                    let tokens = ["refresh_token", "access_token"].map(|name| (name.to_owned(), pair[name].clone()));
                    let (status, next) = connection.post("/v1/refresh", &Value::Object(tokens.into_iter().collect()));
                    assert_eq!(status, 200, "{next}");
                    pair = next;
                }
                assert_eq!(connection.get("/v1/me", pair["access_token"].as_str()).0, 200);
            });
        }
    });
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn a_server_that_stops_says_so_on_the_connections_that_are_kept() {
    let program = Program::new();
    let mut server = program.serve();
    let (mut one, mut other) = (server.connect(), server.connect());
    assert_eq!((one.get("/readyz", None).0, other.get("/healthz", None).0), (200, 200));
    assert!(one.is_open());
    server.terminate();
    until(|| server.log().contains("stopping"));
    let (status, problem) = one.get("/readyz", None);
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    assert_eq!(other.get("/.well-known/jwks.json", None).0, 200);
    assert!(!one.is_open() && !other.is_open());
    assert!(server.wait().success());
}

/// Whatever logs it, a call or a task of its own: the lines of several nodes are read in one place.
#[test]
fn every_line_of_its_log_names_the_node() {
    for (format, name) in [("text", None), ("text", Some("web 1")), ("json", None), ("json", Some("\"web\" 1"))] {
        let program = Program::new();
        let mut variables = vec![("TOKENRY_LOG__FORMAT", format), ("TOKENRY_LOG__FILTER", "tokenry=debug")];
        variables.extend(name.map(|name| ("TOKENRY_SERVER__NODE", name)));
        let mut server = program.serve_with(&variables);
        let name = name.map_or_else(|| server.address().to_string(), str::to_owned);
        assert_eq!(server.connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD })).0, 201);
        assert_eq!(server.connect().get("/v1/me", None).0, 401);
        assert_eq!(program.run(&["keys", "rotate", "--now"], "").code, 0);
        until(|| server.log().contains("signing keys changed"));
        server.terminate();
        assert!(server.wait().success());
        let log = server.log();
        for known in ["serving", "/v1/signup", "/v1/me", "signing keys changed", "stopping"] {
            assert!(log.contains(known), "{known}: {log}");
        }
        for line in log.lines() {
            let is_named = match format {
                "json" => serde_json::from_str::<Value>(line).unwrap()["node"] == name,
                _ => line.contains(&format!(" node={name:?} ")),
            };
            assert!(is_named, "{name}: {line}");
        }
    }
}

/// Clients refresh as fast as they can, and write down each pair that was acknowledged. The server is killed in the
/// middle; after a restart every client goes on with the last pair that it wrote down.
#[test]
fn killed_under_load_it_has_every_acknowledged_pair() {
    let program = Program::new();
    let journal: Mutex<HashMap<usize, String>> = Mutex::default();
    for round in 0..ROUNDS {
        let mut server = program.serve();
        let stop = AtomicBool::new(false);
        let acknowledged = AtomicU64::new(0);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (stop, acknowledged, journal) = (&stop, &acknowledged, &journal);
                let mut connection = server.connect();
                scope.spawn(move || {
                    let mut token = journal.lock().unwrap().get(&client).cloned();
                    while !stop.load(Ordering::Relaxed) {
                        let (path, body) = match &token {
                            Some(token) => ("/v1/refresh", json!({ "refresh_token": token })),
                            None => {
                                let name = format!("client{client}");
                                ("/v1/signup", json!({ "username": name, "password": PASSWORD }))
                            }
                        };
                        // Broken off: the server is gone.
                        let Some((status, pair)) = connection.try_post(path, &body) else { return };
                        if status == 409 && token.is_none() {
                            // A sign-up whose answer was lost: the account is there.
                            let login = json!({ "identifier": format!("client{client}"), "password": PASSWORD });
                            let Some((200, pair)) = connection.try_post("/v1/login", &login) else { return };
                            token = pair["refresh_token"].as_str().map(str::to_owned);
                            continue;
                        }
                        assert!(status < 300, "round {round}, client {client}: {status} {pair}");
                        token = pair["refresh_token"].as_str().map(str::to_owned);
                        journal.lock().unwrap().insert(client, token.clone().unwrap());
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            until(|| acknowledged.load(Ordering::Relaxed) > 400 + 37 * round);
            server.kill();
            stop.store(true, Ordering::Relaxed);
        });
    }
    let server = program.serve();
    let journal = journal.into_inner().unwrap();
    assert_eq!(journal.len(), CLIENTS);
    for (client, token) in journal {
        let (status, answer) = server.connect().post("/v1/refresh", &json!({ "refresh_token": token }));
        assert_eq!(status, 200, "client {client}: {answer}");
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the waiting")]
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never happened");
        thread::sleep(Duration::from_millis(2));
    }
}

const ROUNDS: u64 = 4;
const CLIENTS: usize = 16;
