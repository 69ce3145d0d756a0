use crate::run::{self, cargo};

/// Runs the simulation that the arguments name; what it can't keep fails.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    run::run(cargo(&["run", "--release", "--locked", "--package", "simulation", "--"]).args(arguments))
}
