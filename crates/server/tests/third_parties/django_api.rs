//! The Django service of the examples: it verifies alone, and refuses what it must.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{ISSUER, Program, Running};
use crate::{PASSWORD, python, run};

/// The example, as whoever follows its page runs it; killed when dropped.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    fn start(server: &Running, audience: &str) -> Self {
        let (program, script) = python("django_api.py");
        let mut command = Command::new(program);
        command.arg(script).arg(examples().join("django-api"));
        command.env("TOKENRY_ISSUER", ISSUER).env("TOKENRY_AUDIENCE", audience).env("TOKENRY_JWKS", server.jwks());
        // Where the example lies nothing is to be left behind.
        let mut child = command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap();
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// The head and the body of the answer to `GET /orders`.
    fn orders(&self, token: Option<&str>) -> (String, Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        write!(stream, "GET /orders HTTP/1.0\r\nHost: 127.0.0.1\r\n{bearer}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str(body).unwrap_or_default())
    }

    fn status(&self, token: &str) -> u16 {
        self.orders(Some(token)).0.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sign_up(server: &Running, name: &str) -> Value {
    server.connect().post("/v1/signup", &json!({ "username": name, "password": PASSWORD })).1
}

fn member<'a>(pair: &'a Value, name: &str) -> &'a str {
    pair[name].as_str().unwrap_or_else(|| panic!("{pair}"))
}

#[test]
fn a_django_service_knows_who_calls_and_goes_on_when_tokenry_is_away() {
    let program = Program::new();
    let mut server = program.serve_with(&[("TOKENRY_TOKEN__AUDIENCE", "orders")]);
    let pair = sign_up(&server, "kim");
    let token = member(&pair, "access_token");
    let service = Service::start(&server, "orders");
    let (head, body) = service.orders(Some(token));
    assert!(head.contains(" 200 "), "{head}");
    assert_eq!(body["owner"], pair["user"]["id"]);

    let (head, _) = service.orders(None);
    assert!(head.contains(" 401 ") && head.contains("WWW-Authenticate: Bearer realm=\"orders\"\r\n"), "{head}");
    let (signed, _) = token.rsplit_once('.').unwrap();
    for bad in [&format!("{signed}.{}", "A".repeat(86)), member(&pair, "refresh_token"), "", "a.b.c"] {
        let (head, _) = service.orders(Some(bad));
        assert!(head.contains(" 401 ") && head.contains("error=\"invalid_token\""), "{bad}: {head}");
    }

    server.kill();
    std::fs::write(program.directory().join("secret"), "s".repeat(32)).unwrap();
    let unknown =
        program.run(&["token", "sign", "--secret", "secret:HS256", "--kid", "another", "--expires-in", "1h"], "");
    for _ in 0..2 {
        assert_eq!(service.status(unknown.stdout.trim()), 401, "{unknown:?}");
        assert_eq!(service.status(token), 200);
    }
    // Nobody could say whether a token is good: that is no reason to send its owner away.
    assert_eq!(Service::start(&server, "orders").status(token), 503);
}

#[test]
fn a_django_service_refuses_tokens_that_are_old_or_for_another() {
    let program = Program::new();
    let server = program.serve_with(&[("TOKENRY_TOKEN__ACCESS_TTL", "5s"), ("TOKENRY_TOKEN__AUDIENCE", "orders")]);
    let (orders, other) = (Service::start(&server, "orders"), Service::start(&server, "invoices"));
    let pair = sign_up(&server, "kim");
    let token = member(&pair, "access_token");
    assert_eq!([orders.status(token), other.status(token)], [200, 401]);
    until(|| orders.status(token) == 401);
}

#[test]
fn a_django_service_learns_a_new_key_and_keeps_the_old_one() {
    let program = Program::new();
    let server = program.serve();
    let service = Service::start(&server, ISSUER);
    let old = sign_up(&server, "kim");
    assert_eq!(service.status(member(&old, "access_token")), 200);
    assert_eq!(program.run(&["keys", "rotate", "--now"], "").code, 0);
    let kid = |pair: &Value| member(pair, "access_token").split_once('.').unwrap().0.to_owned();
    let (mut new, mut names) = (old.clone(), 0..);
    until(|| {
        new = sign_up(&server, &format!("lee{}", names.next().unwrap()));
        kid(&new) != kid(&old)
    });
    until(|| service.status(member(&new, "access_token")) == 200);
    assert_eq!(service.status(member(&old, "access_token")), 200);
}

#[test]
fn an_application_on_its_way_from_simplejwt_takes_the_tokens_of_both() {
    let program = Program::new();
    let server = program.serve();
    let pair = sign_up(&server, "kim");
    let login = json!({ "id": pair["user"]["id"], "token": pair["access_token"] }).to_string();
    let arguments = [examples().to_str().unwrap().to_owned(), ISSUER.to_owned(), server.jwks()];
    run(&python("side_by_side.py"), &arguments.each_ref().map(String::as_str), &login).unwrap();
}

#[test]
fn the_script_that_the_pages_name_gets_in() {
    let program = Program::new();
    let server = program.serve();
    let service = Service::start(&server, ISSUER);
    let output = Command::new("sh")
        .arg(examples().join("try.sh"))
        .arg(format!("http://{}", service.address))
        .env("TOKENRY", format!("http://{}", server.address()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (without, with) = text.split_once('\n').unwrap();
    assert_eq!(without, "without a token: 401");
    assert!(with.starts_with("with a token: {\"owner\":\""), "{text}");
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end);
        thread::yield_now();
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}
