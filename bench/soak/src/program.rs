use std::fs::{File, create_dir_all};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The binary, and what it is started with.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    binary: PathBuf,
    directory: PathBuf,
    /// Nothing for the file in the directory.
    database: Option<String>,
}

/// A running server, killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    pub(crate) fn new(binary: &Path, directory: &Path, database: Option<String>) -> Self {
        create_dir_all(directory).unwrap();
        Self { binary: binary.to_owned(), directory: directory.to_owned(), database }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a server; nothing when it ends instead.
    pub(crate) fn serve(&self) -> Option<Server> {
        let mut child = self.spawn_server();
        let mut output = child.stdout.take().unwrap();
        let (mut greeting, mut byte) = (String::new(), [0]);
        while greeting.lines().count() < 3 || !greeting.ends_with('\n') {
            if output.read(&mut byte).unwrap() == 0 {
                child.wait().unwrap();
                return None;
            }
            greeting.push(char::from(byte[0]));
        }
        let address = greeting.split("listening on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        Some(Server { address: address.parse().unwrap(), child })
    }

    /// Starts a server and kills it after `time`, wherever it is by then.
    pub(crate) fn serve_for(&self, time: Duration) {
        let mut child = self.spawn_server();
        std::thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs a command, to its end or until it is killed after `time`.
    pub(crate) fn run(&self, arguments: &[&str], time: Option<Duration>) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(time) = time {
            std::thread::sleep(time);
            child.kill().unwrap();
        }
        child.wait_with_output().unwrap()
    }

    fn spawn_server(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.directory.join("log")).unwrap();
        self.command(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().current_dir(&self.directory).stdin(Stdio::null());
        command.args(arguments).arg("--data-dir").arg(self.directory.join("data"));
        for (name, value) in [
            ("ISSUER", "http://127.0.0.1:7519"),
            ("RATE_LIMIT__ENABLED", "false"),
            ("PASSWORD__MEMORY", "64KiB"),
            ("ADMIN__TOKEN", ADMIN),
            // What ends stays in the feed for as long as this runs.
            ("TOKEN__ACCESS_TTL", "7d"),
            ("LOG__FILTER", "warn"),
        ] {
            command.env(format!("TOKENRY_{name}"), value);
        }
        if let Some(url) = &self.database {
            command
                .env("TOKENRY_DATABASE", url)
                .env("TOKENRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        }
        command
    }
}

impl Server {
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Makes it stand still, or go on.
    pub(crate) fn suspend(&self, still: bool) {
        signal(if still { "-STOP" } else { "-CONT" }, &self.child.id().to_string());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to one process.
pub(crate) fn signal(signal: &str, process: &str) {
    // It may just have ended.
    let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
}

/// The token of the admin calls.
pub(crate) const ADMIN: &str = "soak-admin-token-0123456789abcdef";
