use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tokenry_domain::account::{Status, User};
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::session::{End, EndReason};
use tokenry_domain::store::{Sessions, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;

use crate::file;
use crate::sqlite::{OpenError, Options, Sqlite, reader};

/// Why there is no back-up, or nothing was restored. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A back-up is never written over anything.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// A file.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// The database.
    #[error("{}: {}", .0.display(), .1)]
    Database(PathBuf, rusqlite::Error),
    /// It can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a copy of the database as of one moment to `to`, readable by its owner only. Whoever uses the database goes on.
pub fn back_up(database: &Path, to: &Path) -> Result<(), BackupError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::Io(path, error)
    };
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let draft = file::beside(to, ".part").map_err(io(to))?;
    let _ = fs::remove_file(&draft);
    file::create(&draft).map_err(io(&draft))?;
    let copied = copy(database, &draft).map_err(|error| BackupError::Database(database.to_owned(), error));
    let linked = copied.and_then(|()| {
        File::open(&draft).and_then(|file| file.sync_all()).map_err(io(&draft))?;
        // Unlike a rename, a link never replaces what someone else has put there meanwhile.
        fs::hard_link(&draft, to).map_err(io(to))
    });
    fs::remove_file(&draft).map_err(io(&draft))?;
    linked?;
    file::sync_directory_of(to).map_err(io(to))
}

fn copy(database: &Path, to: &Path) -> rusqlite::Result<()> {
    let connection: Connection = reader(database, Duration::from_secs(30))?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop)
}

/// A back-up that is about to take a database's place.
pub struct Restoring {
    database: PathBuf,
    draft: PathBuf,
    store: Sqlite,
    /// What the restored database lacks or brings back.
    pub report: Report,
}

/// How a restored database differs from the one that it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether the replaced database could be read: if not, its revocations are lost, and the rest is unknown.
    pub was_readable: bool,
    /// Sessions that had ended since the back-up: they are ended again.
    pub sessions_ended: u64,
    /// Entries that the feed of the restored database did not have: they are in it again.
    pub revocations_kept: u64,
    /// Accounts made since: they are gone.
    pub accounts_lost: Vec<String>,
    /// Accounts deleted since: they are back.
    pub accounts_back: Vec<String>,
    /// Accounts disabled since: they are active again.
    pub accounts_active_again: Vec<String>,
    /// Accounts whose password has changed since: the older one is valid again.
    pub passwords_back: Vec<String>,
}

impl Restoring {
    /// Copies `backup` beside `database`, brings it up to date, and ends in it what has ended since, as far as the present
    /// database and `revocations`, a saved feed, tell. No server may run.
    pub async fn prepare(
        database: &Path,
        backup: &Path,
        revocations: Vec<Revocation>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Self, BackupError> {
        let io = |error| BackupError::Io(backup.to_owned(), error);
        let draft = file::beside(database, ".restoring").map_err(io)?;
        remove(&draft).map_err(io)?;
        file::create(&draft).map_err(io)?;
        // Through SQLite, not byte by byte: whatever log lies beside the back-up belongs to it.
        copy(backup, &draft).map_err(|error| BackupError::Database(backup.to_owned(), error))?;
        let store = Sqlite::open(&draft, Options::default())?;
        let mut restoring = Self { database: database.to_owned(), draft, store, report: Report::default() };
        let end = End { at: now, reason: EndReason::Admin };
        let mut found = revocations;
        if database.exists()
            && let Ok(present) = Sqlite::open(database, Options::default())
            && let Ok(entries) = present.revocations(0, u32::MAX).await
        {
            restoring.report.was_readable = true;
            found.extend(entries.into_iter().map(|record| record.revocation));
            restoring.end_again(&present, until).await?;
            restoring.compare(&present).await?;
        }
        restoring.revoke_again(found, end, until).await?;
        restoring.void_links().await?;
        Ok(restoring)
    }

    /// The database to be.
    pub fn store(&self) -> &Sqlite {
        &self.store
    }

    /// Puts it in its place. Returns where the replaced database lies now, if there was one.
    pub fn finish(self) -> Result<Option<PathBuf>, BackupError> {
        let Self { database, draft, store, .. } = self;
        drop(store);
        let io = |error| BackupError::Io(database.clone(), error);
        let replaced = file::beside(&database, ".replaced").map_err(io)?;
        let had_one = database.exists();
        if had_one {
            remove(&replaced).map_err(io)?;
            for suffix in ["-wal", "-shm", ""] {
                let (from, to) = (file::beside(&database, suffix), file::beside(&replaced, suffix));
                let (from, to) = (from.map_err(io)?, to.map_err(io)?);
                if from.exists() {
                    fs::rename(&from, &to).map_err(io)?;
                }
            }
        }
        fs::rename(&draft, &database).map_err(io)?;
        file::sync_directory_of(&database).map_err(io)?;
        remove(&draft).map_err(io)?;
        Ok(had_one.then_some(replaced))
    }

    /// Ends the sessions that the present database knows to have ended.
    async fn end_again(&mut self, present: &Sqlite, until: Timestamp) -> Result<(), BackupError> {
        let mut after = None;
        loop {
            let page = present.ended_sessions(after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            let writes =
                page.iter().map(|(id, end)| Write::EndSessions { which: Sessions::One(*id), end: *end, until });
            self.report.sessions_ended += self.store.commit(writes.collect()).await?.sessions_ended;
        }
    }

    /// Puts entries of a feed into this one, and ends what they name.
    async fn revoke_again(&mut self, found: Vec<Revocation>, end: End, until: Timestamp) -> Result<(), BackupError> {
        let mut known: BTreeSet<(&str, String)> = BTreeSet::new();
        for record in self.store.revocations(0, u32::MAX).await? {
            known.insert((record.revocation.kind.name(), record.revocation.value));
        }
        for revocation in found {
            if revocation.until <= end.at || !known.insert((revocation.kind.name(), revocation.value.clone())) {
                continue;
            }
            let which = match revocation.kind {
                RevocationKind::Sid => revocation.value.parse::<SessionId>().ok().map(Sessions::One),
                RevocationKind::Sub => revocation.value.parse::<UserId>().ok().map(Sessions::Of),
                RevocationKind::Jti | RevocationKind::Kid => None,
            };
            let mut writes = vec![Write::Revoke(revocation)];
            writes.extend(which.map(|which| Write::EndSessions { which, end, until }));
            self.report.sessions_ended += self.store.commit(writes).await?.sessions_ended;
            self.report.revocations_kept += 1;
        }
        Ok(())
    }

    /// Voids all one-time tokens, and what waits: what was spent since the back-up must not be good again.
    async fn void_links(&self) -> Result<(), BackupError> {
        self.store.commit(vec![Write::VoidPending]).await?;
        let mut after = None;
        loop {
            let page = self.store.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let not_me_since = Some(Timestamp::from_millis(i64::MIN));
            let writes = page.iter().map(|user| Write::VoidOneTime { user: user.id, not_me_since });
            self.store.commit(writes.collect()).await?;
        }
    }

    async fn compare(&mut self, present: &Sqlite) -> Result<(), BackupError> {
        let mut after = None;
        loop {
            let page = present.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for now in &page {
                match self.store.user(now.id).await? {
                    None => self.report.accounts_lost.push(name(now)),
                    Some(then) => {
                        if now.status == Status::Disabled && then.status == Status::Active {
                            self.report.accounts_active_again.push(name(now));
                        }
                        let hash = |user: &User| user.password.as_ref().map(|hash| hash.encoded().to_owned());
                        if hash(now) != hash(&then) {
                            self.report.passwords_back.push(name(now));
                        }
                    }
                }
            }
        }
        let mut after = None;
        loop {
            let page = self.store.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for then in &page {
                if present.user(then.id).await?.is_none() {
                    self.report.accounts_back.push(name(then));
                }
            }
        }
    }
}

/// What people call an account.
fn name(user: &User) -> String {
    let username = user.username.as_ref().map(|name| name.display());
    let name = username.or(user.email.as_ref().map(|email| email.display()));
    name.map_or_else(|| user.id.to_string(), str::to_owned)
}

/// Removes a database with all that lies beside it.
fn remove(database: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", ".open.lock"] {
        match fs::remove_file(file::beside(database, suffix)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

const PAGE: u32 = 500;
