use std::process::Command;

use serde::{Deserialize, Serialize};

/// What the figures were taken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let cpu = line("/proc/cpuinfo", "model name");
        let kilobytes: f64 = line("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
        let kernel = Command::new("uname").args(["-sr"]).output();
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: format!("{:.0} GiB", kilobytes / 1024.0 / 1024.0),
            kernel: kernel.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default(),
        }
    }
}

/// The day, as `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    let now = jiff::Timestamp::now().to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

/// The version that a program gives of itself.
pub(crate) fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn line(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'));
    value.unwrap_or("unknown").trim().to_owned()
}
