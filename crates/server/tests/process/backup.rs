//! Back-up and restore with the binary: what ended stays ended, and no client is logged out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use tokenry_guard::{Freshness, Guard};

use crate::balancer::Balancer;
use crate::client::Connection;
use crate::program::{Program, Running};
use crate::{PASSWORD, until};

#[test]
fn a_restored_back_up_logs_no_one_out_and_lets_no_one_back_in() {
    let program = Program::new();
    let mut server = program.serve();
    let (kim, lee) = (signup(&server, "kim"), signup(&server, "lee"));
    let file = program.directory().join("copy.db");
    let path = file.to_str().unwrap();
    assert_eq!(program.run(&["backup", path], "").code, 0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = program.run(&["backup", path], "");
    assert_eq!((again.code, again.stderr.contains("exists")), (1, true), "{again:?}");
    // What happens after the back-up.
    let kim = refresh(&server, &refresh(&server, &kim).1).1;
    assert_eq!(server.connect().post("/v1/logout", &json!({ "refresh_token": lee["refresh_token"] })).0, 204);
    signup(&server, "park");
    let change = ["user", "set", "kim", "--role", "admin", "--attr", "team=orders", "--email", "kim@example.com"];
    assert_eq!(program.run(&change, "").code, 0);
    let running = program.run(&["restore", path], "");
    assert_eq!(running.code, 1, "{running:?}");
    server.terminate();
    server.wait();
    let restored = program.run(&["restore", path, "--json"], "");
    assert_eq!(restored.code, 0, "{restored:?}");
    let report: Value = serde_json::from_str(&restored.stdout).unwrap();
    assert_eq!((&report["unread"], &report["sessions_ended"]), (&json!([]), &json!(1)), "{report}");
    assert_eq!((&report["accounts_lost"], &report["passwords_back"]), (&json!(["park"]), &json!([])), "{report}");
    for changed in ["roles_back", "emails_back", "attributes_back"] {
        assert_eq!(report[changed], json!(["kim"]), "{report}");
    }
    assert_eq!(report["sessions_lost"], 1, "{report}");
    let server = program.serve();
    assert_eq!(refresh(&server, &kim).0, 200);
    let refused = refresh(&server, &lee);
    assert_eq!((refused.0, &refused.1["reason"]), (401, &json!("logout")));
    let feed = server.connect().get("/v1/revocations", None).1;
    assert_eq!(feed["entries"][0]["value"], lee["session_id"]);
    let audit = program.run(&["audit", "--json", "--kind", "refresh_fast_forward"], "").stdout;
    assert_eq!(audit.lines().count(), 1, "{audit}");
}

#[test]
fn a_saved_feed_keeps_what_a_lost_database_can_not_tell() {
    let program = Program::new();
    let mut server = program.serve();
    let (kim, lee) = (signup(&server, "kim"), signup(&server, "lee"));
    let directory = program.directory();
    let (file, saved) = (directory.join("copy.db"), directory.join("feed.json"));
    let (path, saved_path) = (file.to_str().unwrap(), saved.to_str().unwrap());
    assert_eq!(program.run(&["backup", path], "").code, 0);
    assert_eq!(server.connect().post("/v1/logout", &json!({ "refresh_token": lee["refresh_token"] })).0, 204);
    fs::write(&saved, server.connect().get("/v1/revocations", None).1.to_string()).unwrap();
    server.kill();
    for name in ["tokenry.db", "tokenry.db-wal", "tokenry.db-shm"] {
        let _ = fs::write(directory.join(name), "lost ".repeat(4000));
    }
    let restored = program.run(&["restore", path, "--revocations", saved_path, "--json"], "");
    let report: Value = serde_json::from_str(&restored.stdout).unwrap();
    assert_eq!((&report["unread"], &report["revocations_kept"]), (&everything(), &json!(1)), "{report}");
    let server = program.serve();
    assert_eq!((refresh(&server, &kim).0, refresh(&server, &lee).0), (200, 401));
}

#[test]
fn what_is_no_back_up_replaces_nothing() {
    let program = Program::new();
    let mut server = program.serve();
    let kim = signup(&server, "kim");
    server.terminate();
    server.wait();
    let file = program.directory().join("junk");
    for junk in ["", "not a database", &"x".repeat(100_000)] {
        fs::write(&file, junk).unwrap();
        let refused = program.run(&["restore", file.to_str().unwrap()], "");
        assert_eq!(refused.code, 1, "{refused:?}");
    }
    assert_eq!(program.run(&["restore", "missing"], "").code, 1);
    let other = Program::new();
    drop(other.serve());
    let copy = other.directory().join("copy.db");
    assert_eq!(other.run(&["backup", copy.to_str().unwrap()], "").code, 0);
    let sealed_elsewhere = program.run(&["restore", copy.to_str().unwrap()], "");
    assert!(sealed_elsewhere.code == 1 && sealed_elsewhere.stderr.contains("master key"), "{sealed_elsewhere:?}");
    assert_eq!(refresh(&program.serve(), &kim).0, 200);
}

fn signup(server: &Running, name: &str) -> Value {
    let (status, pair) = server.connect().post("/v1/signup", &json!({ "username": name, "password": PASSWORD }));
    assert_eq!(status, 201, "{pair}");
    pair
}

fn refresh(server: &Running, pair: &Value) -> (u16, Value) {
    server.connect().post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }))
}

/// A server that clients reach, and know, by the balancer's address.
fn serve_behind(program: &Program, balancer: &Balancer) -> Running {
    let server = program.serve_with(&[("TOKENRY_ISSUER", &balancer.url())]);
    balancer.turn_to([server.address()]);
    server
}

/// All clients are ahead of the copy, and some have left since. A guard has heard of these; the copy has not.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_back_up_keeps_a_fleet_logged_in_and_tells_a_guard_who_has_left() {
    let (program, balancer) = (Program::new(), Balancer::start());
    let issuer = balancer.url();
    let start = || serve_behind(&program, &balancer);
    let mut server = start();
    let guard = Guard::connect(&issuer, &issuer).await.unwrap();
    guard.ready().await;
    let mut connection = Connection::open(balancer.address());
    let mut go_on = |mut pair: Value, times: usize| {
        for _ in 0..times {
            let (status, next) = connection.post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }));
            assert_eq!(status, 200, "{next}");
            pair = next;
        }
        pair
    };
    let pairs: Vec<Value> = (0..CLIENTS).map(|number| signup(&server, &format!("client{number}"))).collect();
    let pairs: Vec<Value> = pairs.into_iter().enumerate().map(|(number, pair)| go_on(pair, number % 3)).collect();
    let file = program.directory().join("copy.db");
    let path = file.to_str().unwrap();
    assert_eq!(program.run(&["backup", path], "").code, 0);
    let (mut staying, mut left) = (Vec::new(), Vec::new());
    for (number, pair) in pairs.into_iter().enumerate() {
        let pair = go_on(pair, 2 + number % 4);
        match number % 10 {
            3 => {
                let (status, _) =
                    server.connect().post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
                assert_eq!(status, 204);
                left.push((pair, "logout"));
            }
            7 => {
                assert_eq!(program.run(&["session", "revoke", text(&pair["session_id"])], "").code, 0);
                left.push((pair, "admin"));
            }
            _ => staying.push(pair),
        }
    }
    let is_revoked = |pair: &Value| {
        guard.verify_now(text(&pair["access_token"])).is_err_and(|refusal| refusal.code() == "token_revoked")
    };
    until(|| left.iter().all(|(pair, _)| is_revoked(pair)));
    let heard = guard.metrics();
    assert_eq!((heard.snapshots, heard.feed_connections), (1, 1));

    let is_over = AtomicBool::new(false);
    let (server, restored) = thread::scope(|scope| {
        // At no moment in between does the guard let one of them in.
        let watching = scope.spawn(|| {
            until(|| {
                assert!(left.iter().all(|(pair, _)| is_revoked(pair)));
                is_over.load(Ordering::Relaxed)
            });
        });
        server.terminate();
        server.wait();
        let restored = program.run(&["restore", path, "--json"], "");
        let server = start();
        // The chain of entries is another one, which it notices: it loads all of them.
        until(|| guard.metrics().snapshots > 1 && guard.status().freshness == Freshness::Fresh);
        is_over.store(true, Ordering::Relaxed);
        watching.join().unwrap();
        (server, restored)
    });
    let report: Value = serde_json::from_str(&restored.stdout).unwrap();
    assert_eq!(report["sessions_ended"], left.len(), "{report}");
    for (pair, reason) in &left {
        for (status, refused) in
            [refresh(&server, pair), server.connect().get("/v1/me", Some(text(&pair["access_token"])))]
        {
            assert_eq!((status, &refused["code"], &refused["reason"]), (401, &json!("token_revoked"), &json!(reason)));
        }
    }
    let audit = || program.run(&["audit", "--json", "--kind", "refresh_fast_forward"], "").stdout.lines().count();
    assert_eq!(audit(), 0);
    for pair in &staying {
        assert!(guard.verify_now(text(&pair["access_token"])).is_ok());
        let (status, next) = refresh(&server, pair);
        assert_eq!(status, 200, "{next}");
        assert!(guard.verify_now(text(&next["access_token"])).is_ok());
        assert_eq!(refresh(&server, &next).0, 200);
    }
    assert_eq!(audit(), staying.len());
    // Nor does a service that has just started.
    let judging = Guard::connect(&issuer, &issuer).await.unwrap();
    judging.ready().await;
    assert!(left.iter().all(|(pair, _)| judging.verify_now(text(&pair["access_token"])).is_err()));
    assert!(staying.iter().all(|pair| judging.verify_now(text(&pair["access_token"])).is_ok()));
}

#[test]
fn another_master_key_opens_the_same_keys() {
    let program = Program::new();
    let mut server = program.serve();
    let kim = signup(&server, "kim");
    let keys = server.connect().get("/.well-known/jwks.json", None).1;
    let key = || fs::read_to_string(program.directory().join("master.key")).unwrap();
    let old = key();
    assert_eq!(program.run(&["keys", "rekey"], "").code, 1, "while it is served");
    assert_eq!(key(), old);
    server.terminate();
    server.wait();
    let done = program.run(&["keys", "rekey"], "");
    assert_eq!(done.code, 0, "{done:?}");
    assert_ne!(key(), old);
    let mut server = program.serve();
    assert_eq!(server.connect().get("/.well-known/jwks.json", None).1, keys);
    assert_eq!(refresh(&server, &kim).0, 200);
    server.terminate();
    server.wait();
    let elsewhere = program.directory().join("elsewhere");
    let done = program.run(&["keys", "rekey", "--to", elsewhere.to_str().unwrap()], "");
    assert!(done.code == 0 && done.stdout.contains("TOKENRY_MASTER_KEY=file:"), "{done:?}");
    let refused = program.run(&["keys", "list"], "");
    assert!(refused.code == 1 && refused.stderr.contains("master key"), "{refused:?}");
    let named = format!("file:{}", elsewhere.display());
    assert_eq!(refresh(&program.serve_with(&[("TOKENRY_MASTER_KEY", &named)]), &kim).0, 200);
}

/// A key that leaked must not sign again because an older database knows nothing of it.
#[tokio::test]
async fn a_key_that_was_revoked_since_the_back_up_never_signs_again() {
    let (program, balancer) = (Program::new(), Balancer::start());
    let issuer = balancer.url();
    let start = || serve_behind(&program, &balancer);
    let mut server = start();
    let kim = signup(&server, "kim");
    let leaked = kid(&kim["access_token"]);
    let (file, saved) = (program.directory().join("copy.db"), program.directory().join("feed.json"));
    assert_eq!(program.run(&["backup", file.to_str().unwrap()], "").code, 0);
    assert_eq!(program.run(&["keys", "rotate", "--emergency"], "").code, 0);
    until(|| server.connect().get("/v1/revocations", None).1["entries"][0]["value"] == leaked);
    fs::write(&saved, server.connect().get("/v1/revocations", None).1.to_string()).unwrap();
    for is_readable in [true, false] {
        server.kill();
        let mut restore = vec!["restore", file.to_str().unwrap(), "--json"];
        if !is_readable {
            fs::write(program.directory().join("tokenry.db"), "lost ".repeat(4000)).unwrap();
            restore.extend(["--revocations", saved.to_str().unwrap()]);
        }
        let restored = program.run(&restore, "");
        assert_eq!(restored.code, 0, "{restored:?}");
        let report: Value = serde_json::from_str(&restored.stdout).unwrap();
        assert_eq!(report["unread"], if is_readable { json!([]) } else { everything() }, "{report}");
        server = start();
        let (status, next) = refresh(&server, &kim);
        assert_eq!(status, 200, "{next}");
        assert_ne!(kid(&next["access_token"]), leaked);
        let (_, published) = server.connect().get("/.well-known/jwks.json", None);
        assert!(!published.to_string().contains(&leaked), "{published}");
        assert_eq!(judged(&issuer, [&next["access_token"], &kim["access_token"]]).await, [true, false]);
    }
}

/// The tokens that the newer key has signed are the newest that their clients hold.
#[test]
fn a_refresh_key_made_since_the_back_up_goes_on_verifying() {
    let program = Program::new();
    let mut server = program.serve();
    let (kim, lee) = (signup(&server, "kim"), signup(&server, "lee"));
    let file = program.directory().join("copy.db");
    assert_eq!(program.run(&["backup", file.to_str().unwrap()], "").code, 0);
    assert_eq!(program.run(&["keys", "rotate", "--refresh"], "").code, 0);
    let old = kid(&kim["refresh_token"]);
    let mut newer = kim;
    until(|| {
        newer = refresh(&server, &newer).1;
        kid(&newer["refresh_token"]) != old
    });
    server.terminate();
    server.wait();
    assert_eq!(program.run(&["restore", file.to_str().unwrap()], "").code, 0);
    let server = program.serve();
    for pair in [newer, lee] {
        let (status, answer) = refresh(&server, &pair);
        assert_eq!(status, 200, "{answer}");
    }
}

/// Which of these tokens are good, in the judgement of a service that has just met the issuer.
async fn judged<const N: usize>(issuer: &str, tokens: [&Value; N]) -> [bool; N] {
    let guard = Guard::connect(issuer, issuer).await.unwrap();
    guard.ready().await;
    tokens.map(|token| guard.verify_now(text(token)).is_ok())
}

fn kid(token: &Value) -> String {
    let token = tokenry_jwt::Unverified::parse(text(token)).unwrap();
    token.insecure_header()["kid"].as_str().unwrap().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

const CLIENTS: usize = 50;

/// What of a database that is lost can't be read.
fn everything() -> Value {
    json!(["keys", "revocations", "sessions", "accounts"])
}
