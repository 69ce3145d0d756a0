//! What only a real connection shows: slow and oversized requests, and TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

use crate::program::{Program, Running};
use crate::{PASSWORD, until};

#[test]
fn a_request_that_never_arrives_is_given_up() {
    let program = Program::new();
    let server = program.serve();
    for begun in ["", "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Slow: "] {
        let mut stream = connect(server.address());
        stream.write_all(begun.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
}

/// What a client takes to send is its own time: it does not learn by it whether a token is good, and ends the session.
#[test]
fn a_thief_who_sends_slowly_is_caught_all_the_same() {
    let program = Program::new();
    let server = program.serve_with(&[("TOKENRY_TOKEN__REPEAT_WINDOW", "1s")]);
    let mut connection = server.connect();
    let (status, first) = connection.post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    assert_eq!(status, 201, "{first}");
    let mut newest = first.clone();
    for _ in 0..2 {
        newest = connection.post("/v1/refresh", &json!({ "refresh_token": newest["refresh_token"] })).1;
    }
    let body = json!({ "refresh_token": first["refresh_token"] }).to_string();
    let mut thief = connect(server.address());
    let head = "POST /v1/refresh HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n";
    write!(thief, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
    let started = Instant::now();
    let (begun, rest) = body.split_at(body.len() / 2);
    thief.write_all(begun.as_bytes()).unwrap();
    until(|| started.elapsed() > Duration::from_secs(3));
    thief.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    thief.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("refresh_reused"), "{answer}");
    let (status, refused) = connection.post("/v1/refresh", &json!({ "refresh_token": newest["refresh_token"] }));
    assert_eq!((status, &refused["reason"]), (401, &json!("reuse")));
}

/// A proxy that keeps connections sends the next request whenever it comes.
#[test]
fn a_connection_that_is_kept_has_longer_than_a_new_one() {
    let program = Program::new();
    let server = program.serve();
    let mut connection = server.connect();
    assert_eq!(connection.get("/healthz", None).0, 200);
    let started = Instant::now();
    until(|| started.elapsed() > Duration::from_secs(7));
    assert_eq!(connection.get("/healthz", None).0, 200);
}

#[test]
fn a_refused_body_is_read_and_thrown_away_so_that_the_answer_arrives() {
    let program = Program::new();
    let server = program.serve();
    let mut stream = connect(server.address());
    let head = "POST /v1/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
    stream.write_all(format!("{head}Content-Length: 1048576\r\n\r\n").as_bytes()).unwrap();
    stream.write_all(&vec![b'a'; 1 << 20]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains(r#""code":"too_large""#), "{answer}");
}

#[test]
fn headers_are_bounded() {
    let program = Program::new();
    let server = program.serve();
    let mut stream = connect(server.address());
    let long = "a".repeat(1 << 20);
    // The server may hang up before it has read all of it.
    let _ = stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: test\r\nX-Long: {long}\r\n\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
    assert_eq!(server.connect().get("/healthz", None).0, 200);
}

#[test]
fn a_new_certificate_is_used_without_a_restart_and_a_bad_one_is_not() {
    let program = Program::new();
    let first = Certificate::write(&program);
    let [certificate, key] = files(&program).map(|file| file.to_str().unwrap().to_owned());
    let variables =
        [("TOKENRY_SERVER__TLS_CERTIFICATE", certificate.as_str()), ("TOKENRY_SERVER__TLS_KEY", key.as_str())];
    let server = program.serve_with(&variables);
    assert!(first.is_served_by(&server));
    let second = Certificate::write(&program);
    until(|| second.is_served_by(&server));
    assert!(!first.is_served_by(&server));
    fs::write(&certificate, "no certificate").unwrap();
    until(|| server.log().contains("the old one stays"));
    assert!(second.is_served_by(&server));
}

struct Certificate(reqwest::Certificate);

impl Certificate {
    /// Makes one, and puts it where the server reads it.
    fn write(program: &Program) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let [certificate, key] = files(program);
        fs::write(key, signing_key.serialize_pem()).unwrap();
        fs::write(certificate, cert.pem()).unwrap();
        Self(reqwest::Certificate::from_der(cert.der()).unwrap())
    }

    /// Whether a client that trusts only this certificate is answered.
    fn is_served_by(&self, server: &Running) -> bool {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let address = server.address();
        let client = reqwest::Client::builder().tls_certs_only([self.0.clone()]).resolve("localhost", address);
        let get = client.build().unwrap().get(format!("https://localhost:{}/healthz", address.port()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(get.send()).is_ok_and(|answer| answer.status() == 200)
    }
}

fn files(program: &Program) -> [PathBuf; 2] {
    ["certificate.pem", "key.pem"].map(|name| program.directory().join(name))
}

/// A connection that does not wait for ever.
fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}
