//! The developer's commands: `cargo xtask help`.

mod bench;
mod install;
mod interop;
mod run;
mod test;
mod tidy;
mod walls;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["test"] => test::run(),
        ["tidy"] => tidy::run(),
        ["bench"] => bench::run(),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "cargo xtask COMMAND

  test    install what the tests need, then run every check and test
  tidy    the repository's checks of itself: crate walls, file sizes, links, marks
  bench   the committed measurements, in release; each prints its figures";
