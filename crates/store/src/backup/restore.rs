use std::cmp::Ordering;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::keys::{self, KeyRecord, Purpose};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::session::{End, EndReason, KEPT_AFTER_END};
use tokenry_domain::store::{Sessions, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;

use super::{BackupError, Part, Report, copy, remove, swap};
use crate::file;
use crate::sqlite::{Options, Sqlite};

/// A back-up that is about to take a database's place.
pub struct Restoring {
    database: PathBuf,
    draft: PathBuf,
    store: Sqlite,
    /// Of the present database, if it can be read.
    newer_keys: Vec<KeyRecord>,
    /// What the feed says of keys.
    revoked_keys: Vec<String>,
    /// What the restored database lacks or brings back.
    pub report: Report,
}

impl Restoring {
    /// Copies `backup` beside `database`, brings it up to date, and ends in it what has ended since, as far as the present
    /// database and `revocations`, a saved feed, tell. No server may run. `until` tells how long the feed is to carry that,
    /// given how long access tokens may live.
    pub async fn prepare(
        database: &Path,
        backup: &Path,
        revocations: Vec<Revocation>,
        now: Timestamp,
        until: impl Fn(Duration) -> Timestamp,
    ) -> Result<Self, BackupError> {
        let io = |error| BackupError::Io(backup.to_owned(), error);
        let draft = file::beside(database, ".restoring").map_err(io)?;
        remove(&draft).map_err(io)?;
        file::create(&draft).map_err(io)?;
        // Through SQLite, not byte by byte: whatever log lies beside the back-up belongs to it.
        copy(backup, &draft).map_err(|error| BackupError::Database(backup.to_owned(), error))?;
        let store = Sqlite::open(&draft, Options::default())?;
        let mut life = keys::longest_life(&store.keys().await?, Purpose::Access);
        let (newer_keys, revoked_keys) = Default::default();
        let (database_to_be, report) = (database.to_owned(), Report::default());
        let mut restoring = Self { database: database_to_be, draft, store, newer_keys, revoked_keys, report };
        let mut found = revocations;
        let present = database.exists().then(|| Sqlite::open(database, Options::default()));
        match &present {
            Some(Ok(present)) => {
                found.extend(restoring.read_keys_and_feed(present).await);
                life = life.max(keys::longest_life(&restoring.newer_keys, Purpose::Access));
            }
            Some(Err(_)) => restoring.report.unread = Part::ALL.to_vec(),
            None => {}
        }
        let (end, until) = (End { at: now, reason: EndReason::Admin }, until(life));
        if let Some(Ok(present)) = &present {
            restoring.follow(present, end, until).await?;
        }
        let of_keys = found.iter().filter(|revocation| revocation.kind == RevocationKind::Kid);
        restoring.revoked_keys = of_keys.map(|revocation| revocation.value.clone()).collect();
        restoring.revoke_again(found, end, until).await?;
        restoring.void_links().await?;
        Ok(restoring)
    }

    /// The database to be.
    pub fn store(&self) -> &Sqlite {
        &self.store
    }

    /// The keys that the present database has, or else those of the back-up: what the master key is to open.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        if self.newer_keys.is_empty() { self.store.keys().await } else { Ok(self.newer_keys.clone()) }
    }

    /// Moves the keys of the back-up on to where the present database has them, lest one that was revoked or retired since
    /// signs again, or what a newer one has signed is refused.
    pub async fn take_over_keys(&self, opens: impl Fn(&KeyRecord) -> bool, now: Timestamp) -> Result<(), BackupError> {
        let old = self.store.keys().await?;
        if old.is_empty() {
            return Err(BackupError::Empty);
        }
        let revoked: Vec<&str> = self.revoked_keys.iter().map(String::as_str).collect();
        let merged = keys::merge(&old, &self.newer_keys, &revoked, opens, now);
        let write = |key: KeyRecord| match old.iter().any(|old| old.kid == key.kid) {
            true => Write::UpdateKey(key),
            false => Write::InsertKey(key),
        };
        self.store.commit(merged.into_iter().map(write).collect()).await?;
        Ok(())
    }

    /// Puts it in its place. Returns where the replaced database lies now, if there was one.
    pub fn finish(self) -> Result<Option<PathBuf>, BackupError> {
        let Self { database, draft, store, .. } = self;
        drop(store);
        close(&draft).map_err(|error| BackupError::Database(draft.clone(), error))?;
        let exchange = || {
            File::open(&draft)?.sync_all()?;
            let lock = file::lock_file(&file::beside(&database, ".open.lock")?)?;
            lock.lock()?;
            let replaced = swap::exchange(&draft, &database)?;
            remove(&draft)?;
            Ok(replaced)
        };
        exchange().map_err(|error| BackupError::Io(database.clone(), error))
    }

    /// What can't be read of the present database is no reason to lose the rest.
    async fn read_keys_and_feed(&mut self, present: &Sqlite) -> Vec<Revocation> {
        match present.keys().await {
            Ok(keys) => self.newer_keys = keys,
            Err(_) => self.report.unread.push(Part::Keys),
        }
        match present.revocations(0, u32::MAX).await {
            Ok(entries) => entries.into_iter().map(|record| record.revocation).collect(),
            Err(_) => {
                self.report.unread.push(Part::Revocations);
                Vec::new()
            }
        }
    }

    /// Does what the present database tells of sessions, and says how its accounts differ.
    async fn follow(&mut self, present: &Sqlite, end: End, until: Timestamp) -> Result<(), StoreError> {
        let older_keys = self.store.keys().await?;
        let is_of_its_line = older_keys.iter().any(|old| self.newer_keys.iter().any(|newer| newer.kid == old.kid));
        let mut are_read = self.end_again(present, until).await?;
        if is_of_its_line {
            are_read &= self.end_forgotten(present, end, until).await?;
        }
        if !are_read {
            self.report.unread.push(Part::Sessions);
        }
        if self.report.compare(&self.store, present).await.is_err() {
            self.report.unread.push(Part::Accounts);
        }
        Ok(())
    }

    /// Ends the sessions that the present database knows to have ended. Whether it could be asked for all of them.
    async fn end_again(&mut self, present: &Sqlite, until: Timestamp) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            let Ok(page) = present.ended_sessions(after, PAGE).await else { return Ok(false) };
            let Some((last, _)) = page.last() else { return Ok(true) };
            after = Some(*last);
            let writes =
                page.iter().map(|(id, end)| Write::EndSessions { which: Sessions::One(*id), end: *end, until });
            self.report.sessions_ended += self.store.commit(writes.collect()).await?.sessions_ended;
        }
    }

    /// Ends the sessions that the present database, a newer one of the same line, knew and knows no longer: they ended
    /// so long ago that it has removed them. Whether it could be asked for all of them.
    async fn end_forgotten(&mut self, present: &Sqlite, end: End, until: Timestamp) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            let page = self.store.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = Some(last.id);
            for user in page {
                for session in self.store.sessions_of(user.id, u32::MAX).await? {
                    // A younger one can't have been removed: it is one that the present database never knew.
                    if session.last_used_at > end.at - KEPT_AFTER_END {
                        continue;
                    }
                    match present.session(session.id).await {
                        Err(_) => return Ok(false),
                        Ok(Some(_)) => {}
                        Ok(None) => {
                            let which = Sessions::One(session.id);
                            let done = self.store.commit(vec![Write::EndSessions { which, end, until }]).await?;
                            self.report.sessions_ended += done.sessions_ended;
                        }
                    }
                }
            }
        }
    }

    /// Puts entries of a feed into this one, and ends what they name: an entry that is over, because all tokens of its
    /// session are, still tells that the session is.
    async fn revoke_again(&mut self, found: Vec<Revocation>, end: End, until: Timestamp) -> Result<(), BackupError> {
        let mut known: Vec<Revocation> = Vec::new();
        for record in self.store.revocations(0, u32::MAX).await? {
            known.push(record.revocation);
        }
        known.sort_by(by_name);
        for revocation in found {
            let of_name = known.partition_point(|known| by_name(known, &revocation).is_lt());
            let same = known[of_name..].iter().take_while(|known| by_name(known, &revocation).is_eq());
            if same.into_iter().any(|known| covers(known, &revocation)) {
                continue;
            }
            let is_over = revocation.until <= end.at;
            let mut writes = if is_over { Vec::new() } else { vec![Write::Revoke(revocation.clone())] };
            let which = self.named_by(&revocation).await?;
            writes.extend(which.into_iter().map(|which| Write::EndSessions { which, end, until }));
            self.report.sessions_ended += self.store.commit(writes).await?.sessions_ended;
            if !is_over {
                self.report.revocations_kept += 1;
                known.insert(of_name, revocation);
            }
        }
        Ok(())
    }

    /// The sessions that an entry ends: of a user, those that began up to its moment, if it has one.
    async fn named_by(&self, revocation: &Revocation) -> Result<Vec<Sessions>, StoreError> {
        Ok(match (revocation.kind, revocation.before) {
            (RevocationKind::Sid, _) => {
                revocation.value.parse::<SessionId>().ok().map(Sessions::One).into_iter().collect()
            }
            (RevocationKind::Sub, None) => {
                revocation.value.parse::<UserId>().ok().map(Sessions::Of).into_iter().collect()
            }
            (RevocationKind::Sub, Some(before)) => match revocation.value.parse::<UserId>() {
                Err(_) => Vec::new(),
                Ok(user) => {
                    let sessions = self.store.sessions_of(user, u32::MAX).await?.into_iter();
                    let older = sessions.filter(|session| session.created_at.seconds() <= before.seconds());
                    older.map(|session| Sessions::One(session.id)).collect()
                }
            },
            (RevocationKind::Jti | RevocationKind::Kid, _) => Vec::new(),
        })
    }

    /// Voids all one-time tokens, and what waits: what was spent since the back-up must not be good again.
    async fn void_links(&self) -> Result<(), BackupError> {
        self.store.commit(vec![Write::VoidPending]).await?;
        let mut after = None;
        loop {
            let page = self.store.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let not_me_since = Some(Timestamp::BEGINNING);
            let writes = page.iter().map(|user| Write::VoidOneTime { user: user.id, not_me_since });
            self.store.commit(writes.collect()).await?;
        }
    }
}

/// Moves its log into the file, so that the file alone is the database.
fn close(database: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(database)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| match row.get(0)? {
        0 => Ok(()),
        _ => Err(rusqlite::Error::QueryReturnedNoRows),
    })
}

fn by_name(one: &Revocation, other: &Revocation) -> Ordering {
    (one.kind.name(), &one.value).cmp(&(other.kind.name(), &other.value))
}

/// Whether every token that `other` names is named by `known`, and as long.
fn covers(known: &Revocation, other: &Revocation) -> bool {
    let reaches = match (known.before, other.before) {
        (None, _) => true,
        (Some(known), Some(other)) => known >= other,
        (Some(_), None) => false,
    };
    reaches && known.until >= other.until
}

/// Rows that are looked at together.
pub(super) const PAGE: u32 = 500;
