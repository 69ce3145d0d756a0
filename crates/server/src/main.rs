//! The `tokenry` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tokenry::cli::main()
}
