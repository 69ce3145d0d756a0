//! A PostgreSQL cluster of the tests' own, from the system's packages: one for each test program, a fresh database for
//! each test.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A running server. It ends, and its files go, when this is dropped or its process ends, however it ends.
pub struct Cluster {
    folder: PathBuf,
    arguments: Vec<String>,
    port: u16,
    /// Waits for its standard input to be closed, and cleans up.
    keeper: Child,
    server: Mutex<Option<Child>>,
}

/// The URL of a new, empty database on the program's own cluster, with settings such as `"work_mem = '1MB'"`.
pub fn database(settings: &[&str]) -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&["fsync=off", "max_connections=400"])).database(settings)
}

impl Cluster {
    /// Starts a server with `settings`, each as `name=value`.
    pub fn start(settings: &[&str]) -> Self {
        // Names the socket, and counts where a test has it listen to the network.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::Builder::new().prefix("tokenry-pg-").tempdir().unwrap().keep();
        let keeper = keeper(&folder);
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        done(
            unprivileged(&program("initdb"))
                .args(["--no-sync", "--auth=trust", "--username=tokenry", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
                .arg(&data)
                .current_dir(&folder),
        );
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        arguments.extend(["-k".to_owned(), folder.display().to_string(), "-clisten_addresses=".to_owned()]);
        arguments.push(format!("-p{port}"));
        arguments.extend(settings.iter().map(|setting| format!("-c{setting}")));
        let cluster = Self { folder, arguments, port, keeper, server: Mutex::new(None) };
        cluster.start_again();
        cluster
    }

    /// Starts the server after it was stopped or killed.
    pub fn start_again(&self) {
        for _ in 0..TRIES {
            let log = File::options().append(true).create(true).open(self.folder.join("log")).unwrap();
            let mut command = unprivileged(&program("postgres"));
            command.args(&self.arguments).current_dir(&self.folder).stdin(Stdio::null());
            let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
            *self.server.lock().unwrap() = Some(child);
            if self.is_up() {
                return;
            }
            // A process of one that was killed holds its memory for a moment more.
            pause();
        }
        panic!("the server does not start: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Waits until the server answers, or ends instead.
    pub fn is_up(&self) -> bool {
        let started = Instant::now();
        while !self.try_psql("SELECT 1") {
            let mut server = self.server.lock().unwrap();
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(60), "the server did not start: {}", log());
            if server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some()) {
                return false;
            }
            drop(server);
            pause();
        }
        true
    }

    /// Stops the server; transactions are broken off.
    pub fn stop(&self) {
        self.end("-INT");
    }

    /// Kills the server and all its processes as a power failure would, but for the disk.
    pub fn kill(&self) {
        self.end("-KILL");
    }

    /// Makes all processes of the server stand still, or go on: connections stay, nothing answers.
    pub fn freeze(&self, still: bool) {
        let signal = if still { "-STOP" } else { "-CONT" };
        let server = self.server.lock().unwrap();
        let id = server.as_ref().unwrap().id().to_string();
        done(Command::new("kill").args([signal, &id]));
        done(Command::new("pkill").args([signal, "-P", &id]));
    }

    fn end(&self, signal: &str) {
        let mut server = self.server.lock().unwrap();
        let Some(mut child) = server.take() else { return };
        if signal == "-KILL" {
            // Its processes first, which would otherwise outlive it for a moment and finish what they do.
            let _ = Command::new("pkill").args([signal, "-P", &child.id().to_string()]).status();
        }
        done(Command::new("kill").args([signal, &child.id().to_string()]));
        child.wait().unwrap();
    }

    /// The URL of a new, empty database.
    pub fn database(&self, settings: &[&str]) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name}"));
        for setting in settings {
            self.psql(&format!("ALTER DATABASE {name} SET {setting}"));
        }
        self.url(&name)
    }

    /// The URL of a database of that name.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://tokenry@/{name}?host={}&port={}&sslmode=disable", self.folder.display(), self.port)
    }

    /// Runs SQL as the superuser.
    pub fn psql(&self, sql: &str) {
        assert!(self.try_psql(sql), "{sql}");
    }

    /// The first column of the first row of what `sql` gives in the database of `url`.
    pub fn value(&self, url: &str, sql: &str) -> String {
        let output = Command::new(program("psql")).args(["-X", "-t", "-A", url, "-c", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The port, where it listens to the network, and the end of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the socket is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn try_psql(&self, sql: &str) -> bool {
        let mut command = Command::new(program("psql"));
        command.args(["-q", "-X", "-d", "postgres", "-U", "tokenry", "-h"]).arg(&self.folder).args([
            "-p",
            &self.port.to_string(),
            "-c",
            sql,
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        if let Some(mut server) = self.server.lock().unwrap().take() {
            let _ = server.wait();
        }
    }
}

/// A shell that outlives this process by the moment that it takes to clean up: a `static` is never dropped.
fn keeper(folder: &Path) -> Child {
    let script = r#"read -r _; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")"; sleep 0.3; rm -rf "$0""#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().unwrap()
}

/// A command that does not run as root: PostgreSQL refuses to.
pub fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

/// One of the server's programs: on the path, or where Debian keeps them, the newest version first.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name))))
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, path)| path).find(|path| path.exists());
    debian
        .or_else(|| on_path(name))
        .unwrap_or_else(|| panic!("PostgreSQL's {name} is missing: `cargo xtask test` installs it"))
}

/// A program on the path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", name]).output().ok()?;
    let path = String::from_utf8(found.stdout).ok()?;
    Some(PathBuf::from(path.trim())).filter(|_| found.status.success())
}

/// A self-signed certificate and its key, which the server may read, in `folder`.
pub fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
    let (subject, alternative) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    command.args(["-subj", &subject, "-addext", &alternative, "-keyout"]).arg(&key).arg("-out").arg(&certificate);
    done(&mut command);
    if is_root() {
        done(Command::new("chown").args(["-R", "postgres"]).arg(folder));
    }
    (certificate, key)
}

const TRIES: u32 = 20;

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let _ = std::io::stderr().write_all(&output.stderr);
    assert!(output.status.success(), "{command:?}");
}

#[expect(clippy::disallowed_methods, reason = "a process says nowhere that it is ready")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
