use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::RotateKeys;
use tokenry_domain::keys::KeyRecord;

use super::{Failure, print};
use crate::App;
use crate::cli::table::{Table, moment};
use crate::master_key::NewMasterKey;

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// List the signing keys and their states
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Seal all private keys under another master key. No server may run
    Rekey {
        /// Where the new master key lies; it is made if there is nothing. Default: the key in the data directory is
        /// replaced
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Replace the signing key. Without an option the new key is published first and signs later
    Rotate {
        /// Sign with the new key at once
        #[arg(long, conflicts_with_all = ["emergency", "refresh"])]
        now: bool,
        /// A key leaked: sign with a new one at once, and have every service refuse all that have signed until now
        #[arg(long, conflicts_with = "refresh")]
        emergency: bool,
        /// Replace the key of refresh tokens. No session ends
        #[arg(long)]
        refresh: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl KeysCommand {
    pub(crate) async fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::List { json } => {
                let keys = app.authority.list_keys().await?;
                print(&if json { as_json(&keys) } else { as_table(&keys) });
            }
            Self::Rekey { to } => {
                let _lock = App::lock(&app.config)?;
                let new = NewMasterKey::prepare(&app.config, to)?;
                let resealed = app.authority.rekey(new.key(), Actor::Operator).await?;
                print(&format!("{resealed} keys sealed anew\n{}\n", new.put_in_place()?));
            }
            Self::Rotate { now, emergency, refresh, json } => {
                let how = match (now, emergency, refresh) {
                    (_, true, _) => RotateKeys::Emergency,
                    (_, _, true) => RotateKeys::Refresh,
                    (true, ..) => RotateKeys::Now,
                    _ => RotateKeys::Planned,
                };
                let changes = app.authority.rotate(how, Actor::Operator).await?;
                if json {
                    let changes =
                        changes.iter().map(|change| json!({ "kid": change.kid, "change": change.kind.name() }));
                    print(&format!("{}\n", json!({ "changes": changes.collect::<Vec<_>>() })));
                } else if changes.is_empty() {
                    print("nothing to do: a successor is published already\n");
                } else {
                    let lines = changes.iter().map(|change| format!("{} {}\n", change.kind.name(), change.kid));
                    print(&lines.collect::<String>());
                }
            }
        }
        Ok(())
    }
}

fn as_json(keys: &[KeyRecord]) -> String {
    let keys = keys.iter().map(|key| {
        json!({
            "kid": key.kid,
            "purpose": key.purpose.name(),
            "algorithm": key.algorithm.name(),
            "state": key.state.name(),
            "created_at": key.created_at.seconds(),
            "changed_at": key.changed_at.seconds(),
        })
    });
    format!("{}\n", json!({ "keys": keys.collect::<Vec<_>>() }))
}

fn as_table(keys: &[KeyRecord]) -> String {
    let mut table = Table::new(["STATE", "PURPOSE", "ALGORITHM", "SINCE", "KID"]);
    for key in keys {
        table.row([
            key.state.name().to_owned(),
            key.purpose.name().to_owned(),
            key.algorithm.name().to_owned(),
            moment(key.changed_at),
            key.kid.clone(),
        ]);
    }
    table.to_string()
}
