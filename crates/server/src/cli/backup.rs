use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::time::Timestamp;

use super::{Failure, print, report};
use crate::app::{Report, back_up, restore};
use crate::config::Config;

#[derive(Args)]
pub(crate) struct BackupArguments {
    /// Where the copy goes. Nothing may be there yet
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct RestoreArguments {
    /// What `tokenry backup` wrote
    file: PathBuf,
    /// A saved `/v1/revocations`: what it names stays ended, even if the present database can't be read
    #[arg(long)]
    revocations: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A feed as it is on the wire. What is not known about an entry is not needed here.
#[derive(Deserialize)]
struct Feed {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kind: RevocationKind,
    value: String,
    before: Option<i64>,
    until: i64,
}

#[derive(Serialize)]
struct Restored<'a> {
    replaced: Option<PathBuf>,
    unread: Vec<&'static str>,
    sessions_ended: u64,
    revocations_kept: u64,
    accounts_lost: &'a [String],
    accounts_back: &'a [String],
    accounts_active_again: &'a [String],
    passwords_back: &'a [String],
    roles_back: &'a [String],
    emails_back: &'a [String],
    attributes_back: &'a [String],
    identities_back: &'a [String],
    sessions_lost: u64,
}

impl BackupArguments {
    pub(crate) fn run(self, config: &Config) -> Result<(), Failure> {
        refuse_shared(config)?;
        back_up(&config.database_file(), &self.file).map_err(failed)?;
        print(&format!("{} written; the master key is not in it\n", self.file.display()));
        Ok(())
    }
}

impl RestoreArguments {
    pub(crate) async fn run(self, config: &Config) -> Result<(), Failure> {
        refuse_shared(config)?;
        let revocations = self.revocations.as_deref().map(read).transpose()?.unwrap_or_default();
        let (found, replaced) = restore(config, &self.file, revocations).await?;
        match self.json {
            true => {
                let restored = Restored {
                    replaced,
                    unread: unread(&found),
                    sessions_ended: found.sessions_ended,
                    revocations_kept: found.revocations_kept,
                    accounts_lost: &found.accounts_lost,
                    accounts_back: &found.accounts_back,
                    accounts_active_again: &found.accounts_active_again,
                    passwords_back: &found.passwords_back,
                    roles_back: &found.roles_back,
                    emails_back: &found.emails_back,
                    attributes_back: &found.attributes_back,
                    identities_back: &found.identities_back,
                    sessions_lost: found.sessions_lost,
                };
                let text = serde_json::to_string(&restored).map_err(|error| Failure::new("internal", error))?;
                print(&format!("{text}\n"));
            }
            false => describe(&found, replaced.as_deref()),
        }
        Ok(())
    }
}

fn describe(found: &Report, replaced: Option<&Path>) {
    print(&format!("{} sessions ended again, {} revocations kept\n", found.sessions_ended, found.revocations_kept));
    for (what, names) in [
        ("gone, made since the back-up", &found.accounts_lost),
        ("back, deleted since", &found.accounts_back),
        ("active again, disabled since", &found.accounts_active_again),
        ("with the password of the back-up, changed since", &found.passwords_back),
        ("with the roles of the back-up, changed since", &found.roles_back),
        ("with the e-mail address of the back-up, changed or verified since", &found.emails_back),
        ("with the attributes of the back-up, changed since", &found.attributes_back),
        ("with the identities of the back-up, linked or unlinked since", &found.identities_back),
    ] {
        if !names.is_empty() {
            print(&format!("{} {what}: {}\n", names.len(), names.join(", ").escape_debug()));
        }
    }
    if found.sessions_lost > 0 {
        print(&format!("{} sessions lost, begun since the back-up\n", found.sessions_lost));
    }
    match replaced {
        Some(replaced) if found.unread.is_empty() => {
            print(&format!("the replaced database is {}\n", replaced.display()));
        }
        Some(replaced) => report(&format!(
            "the replaced database, {}, could not be read ({}): what ended since the back-up may come back",
            replaced.display(),
            unread(found).join(", ")
        )),
        None => {}
    }
}

fn unread(found: &Report) -> Vec<&'static str> {
    found.unread.iter().map(|part| part.name()).collect()
}

fn read(file: &Path) -> Result<Vec<Revocation>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::new("invalid_request", format!("{}: {error}", file.display()));
    let text = std::fs::read(file).map_err(|error| bad(&error))?;
    let feed: Feed = serde_json::from_slice(&text).map_err(|error| bad(&error))?;
    let revocation = |entry: Entry| Revocation {
        kind: entry.kind,
        value: entry.value,
        before: entry.before.map(Timestamp::from_seconds),
        until: Timestamp::from_seconds(entry.until),
    };
    Ok(feed.entries.into_iter().map(revocation).collect())
}

fn refuse_shared(config: &Config) -> Result<(), Failure> {
    match config.database.is_shared() {
        true => Err(Failure::new(
            "invalid_request",
            "PostgreSQL has its own ways: pg_dump, or a base back-up with point-in-time recovery",
        )),
        false => Ok(()),
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new("backup_failed", error)
}
