use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// Runs a command at the root, with its output shown.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.current_dir(root()).status().map_err(|error| format!("{}: {error}", name(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", name(command))) }
}

/// Runs a command at the root and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let done = command
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", name(command)))?;
    if done.status.success() { Ok(done.stdout) } else { Err(format!("{} failed ({})", name(command), done.status)) }
}

/// Where cargo puts what it builds, whatever `CARGO_TARGET_DIR` or a configuration say. An absolute path.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata: no target directory".to_owned())
}

/// What `cargo metadata` says of the workspace's own packages.
pub(crate) fn metadata() -> Result<serde_json::Value, String> {
    let metadata = output(&mut cargo(&["metadata", "--format-version", "1", "--locked", "--no-deps"]))?;
    serde_json::from_slice(&metadata).map_err(|error| format!("cargo metadata: {error}"))
}

/// The cargo that runs this.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
