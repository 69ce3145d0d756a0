mod draft;
mod lookout;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::draft::{Draft, Plan};
pub(super) use self::lookout::Lookout;
use super::{Authority, Settings};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::error::Error;
use crate::keys::{self, KeyRecord, KeyRing, Purpose};
use crate::random::Random;
use crate::seal::MasterKey;
use crate::store::{Conflict, Store, StoreError, Write};
use crate::time::Timestamp;

/// How to rotate by command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateKeys {
    /// Publish a new access key now; it signs once every verifier's cache must have it.
    Planned,
    /// Sign with a new access key at once. Verifiers meet its `kid` before they have fetched it.
    Now,
    /// An access key leaked: sign with a new one at once, and have every service refuse all that have signed until now.
    Emergency,
    /// Sign refresh tokens with a new key at once. No session ends: the old key goes on verifying.
    Refresh,
}

/// A key that changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The key.
    pub kid: String,
    /// What happened to it.
    pub kind: AuditKind,
}

/// Opens the stored keys, after making the changes that are due; the first keys are among them. Gives their records, too.
pub(super) async fn open(
    settings: &Settings,
    store: &dyn Store,
    random: &dyn Random,
    master: &MasterKey,
    now: Timestamp,
) -> Result<(KeyRing, Vec<KeyRecord>), Error> {
    for _ in 0..MOST_TRIES {
        let records = store.keys().await?;
        // Before anything is made: keys that can't be opened must not be joined by new ones.
        KeyRing::check(&records, master)?;
        let plan = Plan { settings, random, master, actor: Actor::System, now };
        let due = settings.rotation.due(&records, now);
        if due.is_empty() {
            return Ok((KeyRing::open(&records, master)?, records));
        }
        plan.carry_out(store, &records, &due).await?;
    }
    Err(Error::Unavailable("the keys keep changing".to_owned()))
}

impl Authority {
    /// All keys.
    pub async fn list_keys(&self) -> Result<Vec<KeyRecord>, Error> {
        Ok(self.store.keys().await?)
    }

    /// Makes the key changes that are due. Of several nodes, one succeeds; the others have nothing left to do.
    pub async fn rotate_due(&self) -> Result<Vec<KeyChange>, Error> {
        let records = self.store.keys().await?;
        let plan = self.plan(Actor::System);
        let due = self.settings.rotation.due(&records, plan.now);
        if !due.is_empty() {
            // Keys that can't be opened must not be joined by new ones.
            KeyRing::check(&records, &self.master)?;
        }
        let changes = plan.carry_out(&*self.store, &records, &due).await?;
        self.reload_keys().await?;
        Ok(changes)
    }

    /// Rotates by command, in one commit: whoever is killed has done all of it or nothing. A race that is lost is run again.
    pub async fn rotate(&self, how: RotateKeys, actor: Actor) -> Result<Vec<KeyChange>, Error> {
        for _ in 0..MOST_TRIES {
            let records = self.store.keys().await?;
            // Keys that can't be opened must not be joined by new ones.
            KeyRing::check(&records, &self.master)?;
            let mut draft = Draft::new(self.plan(actor));
            draft.rotate(&records, how)?;
            match self.store.commit(draft.writes).await {
                Err(StoreError::Conflict(Conflict::Changed | Conflict::Id)) => continue,
                committed => committed?,
            };
            self.reload_keys().await?;
            return Ok(draft.changes);
        }
        Err(Error::Unavailable("the keys keep changing".to_owned()))
    }

    /// Seals all private keys under another master key, in one commit. From then on only `new` opens them: this issuer,
    /// and every other process that was started with the old one, makes no more keys and is to be started anew.
    pub async fn rekey(&self, new: &MasterKey, actor: Actor) -> Result<usize, Error> {
        for _ in 0..MOST_TRIES {
            let records = self.store.keys().await?;
            let reseal = |record: KeyRecord| record.resealed(&self.master, new, &*self.random).map(Write::UpdateKey);
            let sealed = records.into_iter().filter(|record| record.private.is_some());
            let mut writes = sealed.map(reseal).collect::<Result<Vec<_>, _>>()?;
            let resealed = writes.len();
            writes.push(Write::Audit(AuditEvent {
                at: self.now(),
                kind: AuditKind::KeysResealed,
                actor,
                user: None,
                session: None,
                address: None,
                detail: serde_json::Value::Null,
            }));
            match self.store.commit(writes).await {
                // A key was made or moved meanwhile: it is resealed with the others.
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            return Ok(resealed);
        }
        Err(Error::Unavailable("the keys keep changing".to_owned()))
    }

    /// Takes over key changes that another process made. Returns whether there were any.
    pub async fn reload_keys(&self) -> Result<bool, Error> {
        let before = self.keys();
        // One at a time, so that what was read first is never put over what was read later.
        self.lookout
            .share(async || {
                let records = self.store.keys().await?;
                self.longest_life.note(&records);
                if !self.keys().is_of(&records) {
                    // Sealed under another master key meanwhile, say: other nodes can open them, and know what is unknown
                    // here. What is held goes on.
                    let ring = KeyRing::open(&records, &self.master);
                    let ring = ring.map_err(|error| Error::Unavailable(error.to_string()))?;
                    *self.keys.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(ring);
                }
                Ok(())
            })
            .await?;
        Ok(!Arc::ptr_eq(&before, &self.keys()))
    }

    /// How long to wait before anything is signed. When tokens are to live longer, every node must have seen it before the
    /// first does: else it would date an entry of the feed about that one by the shorter life.
    pub async fn settles_in(&self) -> Result<Duration, Error> {
        let extended_at = keys::extended_at(&self.store.keys().await?);
        let is_recent = extended_at.is_some_and(|at| self.now().since(at) < RECENT);
        Ok(if is_recent { SEEN_AFTER } else { Duration::ZERO })
    }

    fn plan(&self, actor: Actor) -> Plan<'_> {
        Plan { settings: &self.settings, random: &*self.random, master: &self.master, actor, now: self.now() }
    }
}

/// The longest life of an access token that may be good now, as the database last said: known also where its keys can't
/// be opened.
#[derive(Debug)]
pub(super) struct LongestLife(AtomicU64);

impl LongestLife {
    pub(super) fn of(records: &[KeyRecord]) -> Self {
        let life = Self(AtomicU64::new(0));
        life.note(records);
        life
    }

    pub(super) fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn note(&self, records: &[KeyRecord]) {
        let millis = keys::longest_life(records, Purpose::Access).as_millis();
        self.0.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

const MOST_TRIES: usize = 16;
/// Servers look for changed keys every 200 ms.
const SEEN_AFTER: Duration = Duration::from_secs(1);
/// It is dated before the commit that makes it known, which may have taken some seconds.
const RECENT: Duration = Duration::from_secs(10);
