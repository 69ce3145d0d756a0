//! This test program again, as another process: one test in it that does what the environment says.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command that runs `task` on the database at `path` in another process.
pub fn command(task: &str, path: &Path) -> Command {
    with(Command::new(env::current_exe().unwrap()), task, path)
}

/// The same with no file longer than `blocks` of 512 bytes, where a write beyond that is an error and not a signal.
pub fn limited(blocks: u32, task: &str, path: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(env::current_exe().unwrap());
    with(shell, task, path)
}

/// One line to the parent, whole.
pub fn tell(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\n{PREFIX}{line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// What a child told in this line, if anything.
pub fn told(line: &str) -> Option<&str> {
    line.strip_prefix(PREFIX)
}

fn with(mut command: Command, task: &str, path: &Path) -> Command {
    command.args(["--exact", "child::is_told_what_to_do", "--nocapture", "--test-threads=1"]);
    command.env(TASK, task).env(PLACE, path).stdout(Stdio::piped());
    command
}

/// Does nothing unless a parent asks.
#[allow(clippy::disallowed_methods, reason = "a parent speaks to its child through the environment")]
#[tokio::test(flavor = "multi_thread")]
async fn is_told_what_to_do() {
    let Ok(task) = env::var_os(TASK).map(|task| task.into_string().unwrap()).ok_or(()) else { return };
    let path = PathBuf::from(env::var_os(PLACE).unwrap());
    match task.as_str() {
        "open" => drop(crate::open(&path)),
        "first" => crate::opening::open_once(&path),
        "load" => crate::crash::load(&path).await,
        "fill" => crate::full::fill(&path).await,
        "add" => crate::processes::add(&path).await,
        "serve" => crate::processes::serve(&path),
        _ => panic!("unknown task"),
    }
}

const TASK: &str = "TOKENRY_STORE_TEST_TASK";
const PLACE: &str = "TOKENRY_STORE_TEST_PATH";
const PREFIX: &str = "told: ";
