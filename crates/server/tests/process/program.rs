use std::borrow::BorrowMut;
use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::client::Connection;

/// The binary with a data directory of its own.
pub(crate) struct Program(TempDir);

/// What a command did.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running server, killed when dropped.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    pub(crate) greeting: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, variables: &[(&str, &str)]) -> Running {
        self.serve_as(Some(ISSUER), variables)
    }

    /// As this issuer; without one, as the address that it listens on.
    pub(crate) fn serve_as(&self, issuer: Option<&str>, variables: &[(&str, &str)]) -> Running {
        self.start(self.command(SERVE), issuer, variables)
    }

    /// On the first of the cores that this process may use.
    pub(crate) fn serve_on_one_core(&self) -> Running {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
        let first = cores.trim().split(['-', ',']).next().unwrap();
        let plain = self.command(SERVE);
        let mut pinned = Command::new("/usr/bin/taskset");
        pinned.args(["--cpu-list", first]).arg(plain.get_program()).args(plain.get_args());
        self.start(pinned.env_clear().current_dir(self.directory()), Some(ISSUER), &[])
    }

    fn start(&self, mut command: impl BorrowMut<Command>, issuer: Option<&str>, variables: &[(&str, &str)]) -> Running {
        let log = self.directory().join("log");
        let mut child = command
            .borrow_mut()
            .envs(issuer.map(|issuer| ("TOKENRY_ISSUER", issuer)))
            .env("TOKENRY_RATE_LIMIT__ENABLED", "false")
            .env("TOKENRY_PASSWORD__MEMORY", "64KiB")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        let output = child.stdout.as_mut().unwrap();
        let mut byte = [0];
        while greeting.lines().count() < 3 || !greeting.ends_with('\n') {
            let is_there = output.read(&mut byte).unwrap() == 1;
            assert!(is_there, "the server ended: {greeting}{}", std::fs::read_to_string(&log).unwrap());
            greeting.push(char::from(byte[0]));
        }
        let address = greeting.split("listening on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        Running { address: address.parse().unwrap(), log, child, greeting }
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        self.run_with(arguments, input, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Output {
        let mut child = self
            .command(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Output { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenry"));
        command.env_clear().current_dir(self.directory()).args(arguments).arg("--data-dir").arg(self.directory());
        command
    }
}

impl Running {
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn jwks(&self) -> String {
        format!("http://{}/.well-known/jwks.json", self.address)
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same at every start, though the port is not.
const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];
pub(crate) const ISSUER: &str = "http://127.0.0.1:7519";
