//! The command line.

mod audit;
mod backup;
mod configuration;
mod keys;
mod mail;
mod session;
mod table;
mod token;
mod user;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tokenry_domain::Error;
use tokio::runtime::{Builder, Runtime};

use crate::app::{App, StartError};
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError, Overrides};
use crate::serve;

/// A token system for log-in: one binary, an embedded database.
///
/// Exit codes: 0 done, 1 refused or failed (with a stable code), 2 wrong usage or configuration.
#[derive(Parser)]
#[command(name = "tokenry", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default)
    Serve,
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage signing keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// List and end sessions
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Read the audit log
    Audit(audit::AuditCommand),
    /// Write a copy of the database, also while it is served
    Backup(backup::BackupArguments),
    /// Put a back-up in the place of the database. What has ended since stays ended, as far as can be found out
    Restore(backup::RestoreArguments),
    /// Read, verify, make and explain tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Look at mails
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Check and print the configuration
    #[command(subcommand)]
    Config(configuration::ConfigCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Why a command did not do it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened, for programs: stable.
    pub code: &'static str,
    /// What happened, for people.
    pub detail: String,
    /// The exit code.
    pub exit: u8,
}

/// What a fuzzer of the import of accounts looks at.
pub fn rows_of_export(text: &[u8], extension: &str) -> Result<(usize, usize), String> {
    user::count_rows(text, extension)
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Refused only when there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nowhere to complain to when standard error is closed.
            let _ = writeln!(io::stderr(), "tokenry: {} ({})", failure.detail, failure.code);
            ExitCode::from(failure.exit)
        }
    }
}

/// With one thread where no more than one core may be used: handing work to another would only cost.
fn runtime() -> io::Result<Runtime> {
    let is_left_to_us = std::env::var_os("TOKIO_WORKER_THREADS").is_none();
    let mut builder = match available_parallelism() {
        Ok(NonZeroUsize::MIN) if is_left_to_us => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let runtime = runtime().map_err(|error| Failure::new("unavailable", error))?;
    match arguments.command {
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "tokenry", &mut script);
            print(&String::from_utf8_lossy(&script));
            Ok(())
        }
        Some(Command::Token(command)) => runtime.block_on(command.run(now())),
        Some(Command::Mail(command)) => command.run(),
        Some(Command::Config(command)) => command.run(load(&arguments.overrides)),
        Some(Command::Serve) | None => {
            runtime.block_on(serve::serve(load(&arguments.overrides)?)).map_err(Failure::from)
        }
        Some(Command::Backup(arguments_of)) => arguments_of.run(&load(&arguments.overrides)?),
        Some(Command::Restore(arguments_of)) => runtime.block_on(arguments_of.run(&load(&arguments.overrides)?)),
        Some(Command::User(command)) => {
            runtime.block_on(async { command.run(&open(&arguments.overrides).await?).await })
        }
        Some(Command::Keys(command)) => {
            runtime.block_on(async { command.run(&*open(&arguments.overrides).await?).await })
        }
        Some(Command::Session(command)) => {
            runtime.block_on(async { command.run(&*open(&arguments.overrides).await?).await })
        }
        Some(Command::Audit(command)) => {
            runtime.block_on(async { command.run(&*open(&arguments.overrides).await?).await })
        }
    }
}

/// Writes to standard output. A reader that has gone away is no error.
pub(crate) fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Writes to standard error: progress and reports that are not the output.
pub(crate) fn report(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn load(overrides: &Overrides) -> Result<Config, Failure> {
    Ok(Config::load(overrides, &environment())?)
}

/// Opens the store that a server may be serving at the same time.
async fn open(overrides: &Overrides) -> Result<Arc<App>, Failure> {
    let config = load(overrides)?;
    let listen: SocketAddr = config.listen.0;
    Ok(App::open(config, listen).await?)
}

fn now() -> i64 {
    use tokenry_domain::time::Clock;
    SystemClock.now().seconds()
}

/// The variables that are Tokenry's.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("TOKENRY_"))
        .collect()
}

impl Failure {
    pub(crate) fn new(code: &'static str, detail: impl ToString) -> Self {
        Self { code, detail: detail.to_string(), exit: 1 }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: "configuration", detail: error.0, exit: 2 }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(error) => error.into(),
            error => Self::new("start_failed", error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = match &error {
            Error::Invalid(problems) => {
                let each = problems
                    .iter()
                    .map(|problem| format!("{} {}", problem.pointer.trim_start_matches('/'), problem.detail));
                each.collect::<Vec<_>>().join("; ")
            }
            error => error.to_string(),
        };
        Self::new(crate::http::code(&error), detail)
    }
}
