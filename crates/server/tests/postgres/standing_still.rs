//! A node that is suspended while its clients go on at another.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::Program;
use crate::{PASSWORD, cluster, until, variables};

/// What waited in its sockets was sent in time, whatever has happened since.
#[test]
fn a_node_that_stood_still_accuses_no_one() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let window = [("TOKENRY_TOKEN__REPEAT_WINDOW", "1s")];
    let variables = [&variables(&url)[..], &window].concat();
    let (stands, goes_on) = (program.serve_with(&variables), program.serve_with(&variables));
    let signup = |name| {
        let (status, pair) = stands.connect().post("/v1/signup", &json!({ "username": name, "password": PASSWORD }));
        assert_eq!(status, 201, "{pair}");
        pair
    };
    let refresh = |pair: &Value| {
        let (status, next) = goes_on.connect().post("/v1/refresh", &json!({ "refresh_token": pair["refresh_token"] }));
        assert_eq!(status, 200, "{next}");
        next
    };
    let (waits, leaves) = (signup("kim"), signup("lee"));
    // The heart of the node has beaten.
    passes(Duration::from_millis(1200));
    stands.signal("STOP");
    let mut connection = stands.connect();
    let body = json!({ "refresh_token": waits["refresh_token"] });
    let waiting = thread::spawn(move || connection.post("/v1/refresh", &body));
    // This client gives up, and its request is there all the same.
    let mut left = TcpStream::connect(stands.address()).unwrap();
    let body = json!({ "refresh_token": leaves["refresh_token"] }).to_string();
    let head = "POST /v1/refresh HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length:";
    write!(left, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
    left.shutdown(Shutdown::Both).unwrap();
    drop(left);

    let mut pairs = [waits, leaves];
    for _ in 0..3 {
        pairs = pairs.map(|pair| refresh(&pair));
        passes(Duration::from_millis(1500));
    }
    stands.signal("CONT");
    let (status, answer) = waiting.join().unwrap();
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{answer}");
    until(|| stands.log().contains("stood still"));
    for pair in pairs {
        refresh(&pair);
    }
}

fn passes(time: Duration) {
    let started = Instant::now();
    until(|| started.elapsed() >= time);
}
