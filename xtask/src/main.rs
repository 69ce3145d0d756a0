//! The developer's commands: `cargo xtask help`.

mod bench;
mod deny;
mod install;
mod interop;
mod run;
mod sdk;
mod simulate;
mod soak;
mod test;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match parse(&arguments) {
        Ok(command) => command,
        Err(mistake) => {
            eprintln!("xtask: {mistake}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

type Command = Box<dyn FnOnce() -> Result<(), String>>;

fn parse(arguments: &[String]) -> Result<Command, String> {
    let [name, more @ ..] = arguments else { return Err("a command is missing".to_owned()) };
    let command: fn() -> Result<(), String> = match name.as_str() {
        "simulate" => {
            let arguments = more.to_vec();
            return Ok(Box::new(move || simulate::run(&arguments)));
        }
        "bench" => {
            let arguments = more.to_vec();
            return Ok(Box::new(move || bench::run(&arguments)));
        }
        "soak" => {
            let arguments = more.to_vec();
            return Ok(Box::new(move || soak::run(&arguments)));
        }
        "test" => test::run,
        "tidy" => tidy::run,
        "deny" => deny::run,
        "help" | "--help" | "-h" => help,
        _ => return Err(format!("there is no command `{name}`")),
    };
    match more {
        [] => Ok(Box::new(command)),
        [first, ..] => Err(format!("`{name}` takes no argument, and was given `{first}`")),
    }
}

fn help() -> Result<(), String> {
    println!("{HELP}");
    Ok(())
}

const HELP: &str = "cargo xtask COMMAND

  test    install what the tests need, then run every check and test
  tidy    the repository's checks of itself: crate walls, file sizes, links, marks
  bench   the comparisons with peers and the committed measurements, in release, written with plots to docs/benchmarks;
          options: --only NAME (also several times), --quick (a few rounds of the comparisons, not written there)
  simulate refresh
          the refresh protocol and models of its rivals under a million seeded scenarios, in release; options:
          --scenarios N, --stack N (how many through the whole server, too), --seed S
  soak    kills and races of the released server under load, with PostgreSQL's packages; options: --kills N, --rounds N,
          --revocations N, --suspend SECONDS, --database sqlite|postgres|both, --seed S
  deny    licences, advisories and sources of the dependencies, with cargo-deny; not part of `test`
  help    this list

Exit code: 0 passed, 1 failed, 2 wrong usage.";

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(arguments: &[&str]) -> Option<String> {
        parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>()).err()
    }

    #[test]
    fn every_command_in_the_help_exists() {
        for line in HELP.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let name = line.split_whitespace().next().unwrap();
            assert_eq!(mistake(&[name]), None);
        }
    }

    #[test]
    fn wrong_usage_is_named() {
        assert!(mistake(&[]).unwrap().contains("missing"));
        assert!(mistake(&["tset"]).unwrap().contains("`tset`"));
        assert!(mistake(&["test", "--quick"]).unwrap().contains("`--quick`"));
    }
}
