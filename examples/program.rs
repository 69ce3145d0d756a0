//! An example as its reader starts it: the program, configured by its environment.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running program, killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// Where it says that it serves.
    pub(crate) url: String,
}

impl Program {
    /// Starts it on a free port, and waits for the line with its address.
    pub(crate) fn start(path: &str, issuer: &str, audience: &str) -> Self {
        let mut child = Command::new(path)
            .env("TOKENRY_ISSUER", issuer)
            .env("TOKENRY_AUDIENCE", audience)
            .env("LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| line.unwrap().strip_suffix("/orders").map(str::to_owned));
        // What it prints later has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("it ended before it served") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
