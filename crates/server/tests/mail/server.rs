use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::PASSWORD;
use crate::program::Running;

/// aiosmtpd, doing as it is told; killed when dropped.
pub(in crate::mail) struct MailServer {
    child: Child,
    pub(in crate::mail) port: u64,
    lines: Receiver<Value>,
}

impl MailServer {
    pub(in crate::mail) fn start() -> Self {
        Self::with(&[])
    }

    /// With TLS by a certificate and its key: `starttls` or `implicit`. Whoever sends must log in by this mechanism.
    pub(in crate::mail) fn with_tls([certificate, key]: [&Path; 2], tls: &str, mechanism: Option<&str>) -> Self {
        let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
        let mut options = vec!["--certificate", certificate, "--key", key, "--tls", tls];
        if let Some(mechanism) = mechanism {
            options.extend(["--auth", mechanism]);
        }
        Self::with(&options)
    }

    pub(in crate::mail) fn with(options: &[&str]) -> Self {
        let mut command = Command::new(python());
        command.arg(SCRIPT).args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
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

    /// Tells it what to do at a step from now on.
    pub(in crate::mail) fn will(&mut self, step: &str, action: &str) {
        self.tell(&format!("{step} {action}"), |plan| plan[step] == action);
    }

    /// Tells it to take everything from now on.
    pub(in crate::mail) fn will_accept(&mut self) {
        self.tell("clear", |plan| *plan == json!({}));
    }

    fn tell(&mut self, line: &str, is_told: impl Fn(&Value) -> bool) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.until(|line| line.get("plan").is_some_and(&is_told));
    }

    /// Waits for something that it did.
    pub(in crate::mail) fn until(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap();
            if is_it(&line) {
                return line;
            }
        }
    }

    pub(in crate::mail) fn did(&self, step: &str) -> Value {
        self.until(|line| line["step"] == step)["did"].clone()
    }

    pub(in crate::mail) fn next_mail(&self) -> Value {
        self.until(is_mail)
    }

    /// The next mail, if one comes within `patience`.
    pub(in crate::mail) fn mail_within(&self, patience: Duration) -> Option<Value> {
        let end = Instant::now() + patience;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())).ok()?;
            if is_mail(&line) {
                return Some(line);
            }
        }
    }

    /// What it did that no one has looked at.
    pub(in crate::mail) fn rest(&self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }

    /// The mails that no one has looked at.
    pub(in crate::mail) fn other_mails(&self) -> Vec<Value> {
        self.lines.try_iter().filter(is_mail).collect()
    }

    pub(in crate::mail) fn url(&self, tls: &str) -> String {
        format!("smtp://127.0.0.1:{}?tls={tls}", self.port)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_mail(line: &Value) -> bool {
    line["to"].is_array()
}

fn python() -> PathBuf {
    let path = std::env::var_os("XTASK_PYTHON");
    path.unwrap_or_else(|| panic!("XTASK_PYTHON is not set: run `cargo xtask test`, which installs it")).into()
}

/// Has a program queue a mail to `NAME@example.com`.
pub(in crate::mail) fn sign_up(server: &Running, name: &str) {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let (status, answer) = server.connect().post("/v1/signup", &body);
    assert_eq!(status, 201, "{answer}");
}

/// What the link of a mail carries.
pub(in crate::mail) fn token(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text.split_once("?token=").unwrap_or_else(|| panic!("{mail}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

pub(in crate::mail) fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end);
        thread::yield_now();
    }
}

#[expect(clippy::disallowed_methods, reason = "how long to go on is for whoever runs the tests to say")]
pub(in crate::mail) fn variable(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

pub(in crate::mail) const FROM: (&str, &str) = ("TOKENRY_MAIL__FROM", "Tokenry <no-reply@example.com>");
pub(in crate::mail) const PATIENCE: Duration = Duration::from_secs(60);
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/smtp_server.py");
