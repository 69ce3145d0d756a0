use crate::run::{self, cargo, target_directory};

/// Builds the server as it is shipped, and runs the soak that the arguments name against it; a broken promise fails.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    run::run(&mut cargo(&["build", "--release", "--locked", "--package", "tokenry", "--bin", "tokenry"]))?;
    let binary = target_directory()?.join("release/tokenry");
    let mut soak = cargo(&["run", "--release", "--locked", "--package", "soak", "--", "--binary"]);
    run::run(soak.arg(binary).args(arguments))
}
