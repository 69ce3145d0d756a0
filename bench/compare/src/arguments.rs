use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Tokenry beside its peers. `cargo xtask bench` gives the arguments.
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs one comparison.
    Measure(Measure),
    /// Keeps what another measurement printed, from standard input.
    Note {
        name: String,
        title: String,
        #[arg(long)]
        results: PathBuf,
    },
    /// Writes the pages and plots of all that was found.
    Render {
        #[arg(long)]
        results: PathBuf,
        #[arg(long)]
        pages: PathBuf,
    },
    /// A service of the project's own, to be measured.
    #[command(hide = true)]
    Service { name: String, fixture: PathBuf, algorithm: String },
    /// A server that answers with what it was sent, to be measured.
    #[command(hide = true)]
    Echo,
    /// A site with logged-in users, to be measured.
    #[command(hide = true)]
    Site { method: String, data: PathBuf, database: Option<String> },
}

/// What is compared, and with what.
#[derive(Args)]
pub(crate) struct Measure {
    /// `speed`, `protected`, `sessions`, `refresh` or `parts`.
    pub(crate) name: String,
    /// Where findings are kept.
    #[arg(long)]
    pub(crate) results: PathBuf,
    /// The server, as it is shipped.
    #[arg(long)]
    pub(crate) tokenry: PathBuf,
    /// The program of `peers/rust`.
    #[arg(long)]
    pub(crate) rust: PathBuf,
    /// A folder with the scripts of `peers/node` and their packages.
    #[arg(long)]
    pub(crate) node: PathBuf,
    /// The Python that has the packages of `peers/python`.
    #[arg(long)]
    pub(crate) python: PathBuf,
    /// The folder of `peers/python`.
    #[arg(long)]
    pub(crate) scripts: PathBuf,
    /// Few rounds: to see that it works, not to learn anything.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Fails when a figure is missed.
    #[arg(long)]
    pub(crate) check: bool,
}

impl Measure {
    /// `full`, or what is enough to see that it works.
    pub(crate) fn rounds(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}
