use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A program that answers lines with lines. It ends when this is dropped, and with this process, however that ends.
pub(crate) struct Child {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(command: &Command) -> Self {
        let mut process = tied(command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output }
    }

    /// Sends a line, and waits for the answer.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").unwrap();
        self.line()
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "a program ended: see above");
        line.trim_end().to_owned()
    }

    /// The address of a server that prints its port.
    pub(crate) fn port(&mut self) -> SocketAddr {
        let line = self.line();
        ([127, 0, 0, 1], line.parse().unwrap_or_else(|_| panic!("not a port: {line}"))).into()
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(id) = Pid::from_raw(self.process.id().cast_signed()) {
            let _ = kill_process(id, Signal::TERM);
        }
        let started = Instant::now();
        while started.elapsed() < PATIENCE && matches!(self.process.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The command, so that what it starts is killed when the thread that starts it ends: call it on the main thread.
fn tied(command: &Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        tied.current_dir(directory);
    }
    tied
}

/// Seconds of a core that a process and all that it started have used so far, by the scheduler's own count.
pub(crate) fn used(process: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let own: f64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<f64>().ok())
        .sum();
    own / 1e9 + started_by(process).into_iter().map(used).sum::<f64>()
}

/// Resident memory of a process and all that it started, in MB; what several of them share is counted once.
pub(crate) fn resident(process: u32) -> f64 {
    let processes = with_all_started_by(process);
    let kind = if processes.len() > 1 { "Pss:" } else { "Rss:" };
    let kilobytes = processes.into_iter().filter_map(|process| {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    });
    kilobytes.sum::<f64>() * 1024.0 / 1e6
}

fn with_all_started_by(process: u32) -> Vec<u32> {
    let more = started_by(process).into_iter().flat_map(with_all_started_by);
    std::iter::once(process).chain(more).collect()
}

fn started_by(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

/// How long a server may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);
