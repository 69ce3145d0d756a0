//! A real SMTP server that takes, refuses, delays and drops, and a Tokenry that is killed over its queue.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Program, Running};
use crate::{PASSWORD, python};

/// aiosmtpd, doing as it is told; killed when dropped.
struct MailServer {
    child: Child,
    port: u64,
    lines: Receiver<Value>,
}

impl MailServer {
    fn start() -> Self {
        let (program, script) = python("smtp_server.py");
        let mut command = Command::new(program);
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel::<Value>();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let port = lines.recv_timeout(PATIENCE).unwrap()["port"].as_u64().unwrap();
        Self { child, port, lines }
    }

    /// Tells it what to do from now on.
    fn will(&mut self, mode: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{mode}").unwrap();
        self.until(|line| line["mode"] == mode);
    }

    fn until(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap();
            if is_it(&line) {
                return line;
            }
        }
    }

    fn next_mail(&self) -> Value {
        self.until(|line| line["to"].is_array())
    }

    fn url(&self, tls: &str) -> String {
        format!("smtp://127.0.0.1:{}?tls={tls}", self.port)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(program: &Program, url: &str) -> Running {
    program.serve_with(&[
        ("TOKENRY_MAIL__SMTP", url),
        ("TOKENRY_MAIL__FROM", "Tokenry <no-reply@example.com>"),
        ("TOKENRY_LOG__FILTER", "trace,refinery_core=warn"),
    ])
}

fn sign_up(server: &Running, name: &str) {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let (status, answer) = server.connect().post("/v1/signup", &body);
    assert_eq!(status, 201, "{answer}");
}

fn token(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text.split_once("?token=").unwrap_or_else(|| panic!("{mail}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_link_travels_through_a_real_server_and_works_and_no_log_holds_it() {
    let (program, mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("none"));
    sign_up(&server, "kim");
    let first = mail.next_mail();
    assert_eq!((&first["to"], &first["from"]), (&json!(["kim@example.com"]), &json!("no-reply@example.com")));
    let headers = &first["headers"];
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(
        (&headers["to"], &headers["from"]),
        (&json!("kim@example.com"), &json!("Tokenry <no-reply@example.com>"))
    );
    let verification = token(&first);
    assert!(first["html"].as_str().unwrap().contains(&verification));
    let (status, answer) = server.connect().post("/v1/email/verification/confirm", &json!({ "token": verification }));
    assert_eq!(status, 204, "{answer}");
    let (status, _) = server.connect().post("/v1/password/reset", &json!({ "email": "KIM@example.com" }));
    assert_eq!(status, 202);
    let reset = token(&mail.next_mail());
    server.connect().get(&format!("/password/reset?token={reset}"), None);
    let body = json!({ "token": reset, "new_password": "seven purple tractors" });
    assert_eq!(server.connect().post("/v1/password/reset/confirm", &body).0, 204);
    assert_eq!(mail.next_mail()["headers"]["subject"], "Your password was changed");
    let log = server.log();
    assert!(log.contains("mail sent"), "{log}");
    for secret in [&verification, &reset, "seven purple tractors"] {
        assert!(!log.contains(secret));
        let signature = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(signature));
    }
}

#[test]
fn a_server_that_refuses_drops_or_is_gone_gets_the_mail_later() {
    let (program, mut mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("none"));
    for mode in ["later", "drop", "refuse"] {
        mail.will(mode);
        sign_up(&server, mode);
        mail.until(|line| line["refused"] == mode);
    }
    mail.will("accept");
    // The first wait is ten seconds.
    let mut got: Vec<Value> = (0..3).map(|_| mail.next_mail()["to"][0].clone()).collect();
    got.sort_by_key(ToString::to_string);
    assert_eq!(got, ["drop@example.com", "later@example.com", "refuse@example.com"]);
    drop(mail);
    sign_up(&server, "gone");
    until(|| server.log().matches("mail not sent").count() >= 4);
}

#[test]
fn a_server_without_tls_is_given_nothing_where_tls_is_required() {
    let (program, mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("required"));
    sign_up(&server, "kim");
    until(|| server.log().contains("mail not sent"));
    assert!(mail.lines.try_recv().is_err());
}

/// `TOKENRY_TEST_CRASHES` sets how many; the figure of record is 200.
#[test]
fn killed_over_a_full_queue_it_loses_no_mail_and_repeats_at_most_one_each_time() {
    const EACH: usize = 8;
    let crashes = variable("TOKENRY_TEST_CRASHES", 20);
    let (program, mut mail) = (Program::new(), MailServer::start());
    mail.will("slow");
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |mail: &Value| *sent.entry(mail["to"][0].as_str().unwrap().to_owned()).or_default() += 1;
    for crash in 0..crashes {
        let mut server = serve(&program, &mail.url("none"));
        for n in 0..EACH {
            sign_up(&server, &format!("user-{crash}-{n}"));
        }
        // Somewhere in the middle of its work, at another point each time.
        for _ in 0..1 + crash % 3 {
            count(&mail.next_mail());
        }
        let log = server.log();
        server.kill();
        assert!(!log.contains("panicked"), "{log}");
        mail.lines.try_iter().filter(|line| line["to"].is_array()).for_each(|mail| count(&mail));
    }
    let server = serve(&program, &mail.url("none"));
    sign_up(&server, "last");
    let end = Instant::now() + PATIENCE + Duration::from_millis(200 * (crashes * EACH) as u64);
    let expected = crashes * EACH + 1;
    // After the lease of what was in hand at the last crash has run out.
    let quiet = tokenry_domain::mail::LEASE + Duration::from_secs(5);
    while let Ok(mail) = mail.lines.recv_timeout(quiet) {
        count(&mail);
        assert!(Instant::now() < end, "the queue does not end");
    }
    let all: usize = sent.values().sum();
    println!("{crashes} crashes, {expected} mails: {} arrived, {} twice", sent.len(), all - sent.len());
    assert_eq!(sent.len(), expected, "lost");
    assert!(all - sent.len() <= crashes, "{} were repeated", all - sent.len());
    drop(server);
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end);
        thread::yield_now();
    }
}

#[expect(clippy::disallowed_methods, reason = "how long to go on is for whoever runs the tests to say")]
fn variable(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

const PATIENCE: Duration = Duration::from_secs(60);
