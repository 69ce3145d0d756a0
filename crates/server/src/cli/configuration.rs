use clap::Subcommand;

use super::{Failure, print};
use crate::config::Config;
use crate::http::Kit;

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration as `serve` would read it
    Check,
    /// Print the configuration in force; secrets are left out
    Print {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl ConfigCommand {
    pub(crate) fn run(self, config: Result<Config, Failure>) -> Result<(), Failure> {
        let config = config?;
        match self {
            Self::Check => {
                // The one part that lies in another file.
                Kit::new(&config, &config.issuer(config.listen.0))?;
                print("the configuration is good\n");
            }
            Self::Print { json: true } => {
                let text = serde_json::to_string_pretty(&config);
                print(&format!("{}\n", text.map_err(|error| Failure::new("internal", error))?));
            }
            Self::Print { json: false } => {
                print(&toml::to_string(&config).map_err(|error| Failure::new("internal", error))?);
            }
        }
        Ok(())
    }
}
