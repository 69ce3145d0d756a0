use std::sync::Arc;

use super::{Authority, Settings};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::error::Error;
use crate::keys::{KeyRecord, KeyRing, KeyState, Purpose, Rotation};
use crate::random::Random;
use crate::revocation::{Revocation, RevocationKind};
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
    /// The access key leaked: sign with a new one at once, and have every service refuse the old one.
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

/// Opens the stored keys, after making the changes that are due; the first keys are among them.
pub(super) async fn open(
    settings: &Settings,
    store: &dyn Store,
    random: &dyn Random,
    master: &MasterKey,
    now: Timestamp,
) -> Result<KeyRing, Error> {
    for _ in 0..MOST_TRIES {
        let records = store.keys().await?;
        // Before anything is made: keys that can't be opened must not be joined by new ones.
        KeyRing::check(&records, master)?;
        let plan = Plan { settings, random, master, actor: Actor::System, now };
        let due = settings.rotation.due(&records, now);
        if due.is_empty() {
            return Ok(KeyRing::open(&records, master)?);
        }
        plan.carry_out(store, &records, due).await?;
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
        let changes = plan.carry_out(&*self.store, &records, due).await?;
        self.reload_keys().await?;
        Ok(changes)
    }

    /// Rotates by command.
    pub async fn rotate(&self, how: RotateKeys, actor: Actor) -> Result<Vec<KeyChange>, Error> {
        let plan = self.plan(actor);
        let purpose = if how == RotateKeys::Refresh { Purpose::Refresh } else { Purpose::Access };
        let mut changes = Vec::new();
        let mut records = self.store.keys().await?;
        let find = |records: &[KeyRecord], state| {
            records.iter().find(|record| record.purpose == purpose && record.state == state).cloned()
        };
        if find(&records, KeyState::Upcoming).is_none() {
            let create = vec![Rotation::Create(purpose, KeyState::Upcoming)];
            changes.extend(plan.carry_out(&*self.store, &records, create).await?);
            records = self.store.keys().await?;
        }
        if how != RotateKeys::Planned
            && let Some(signing) = find(&records, KeyState::Signing)
            && let Some(upcoming) = find(&records, KeyState::Upcoming)
        {
            let activate = Rotation::Activate { kid: upcoming.kid, retire: signing.kid.clone() };
            changes.extend(plan.carry_out(&*self.store, &records, vec![activate]).await?);
            if how == RotateKeys::Emergency {
                changes.extend(self.revoke_key(&plan, &signing.kid).await?);
            }
        }
        self.reload_keys().await?;
        Ok(changes)
    }

    /// Seals all private keys under another master key, in one commit. From then on only `new` opens them: this issuer,
    /// and every other process that was started with the old one, is to be started anew.
    pub async fn rekey(&self, new: &MasterKey, actor: Actor) -> Result<usize, Error> {
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
        self.store.commit(writes).await?;
        Ok(resealed)
    }

    /// Takes over key changes that another process made. Returns whether there were any.
    pub async fn reload_keys(&self) -> Result<bool, Error> {
        let records = self.store.keys().await?;
        if self.keys().is_of(&records) {
            return Ok(false);
        }
        let ring = Arc::new(KeyRing::open(&records, &self.master)?);
        *self.keys.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = ring;
        Ok(true)
    }

    async fn revoke_key(&self, plan: &Plan<'_>, kid: &str) -> Result<Option<KeyChange>, Error> {
        let records = self.store.keys().await?;
        let Some(record) = records.into_iter().find(|record| record.kid == kid) else { return Ok(None) };
        let until = self.revoked_until(plan.now);
        let revocation = Revocation { kind: RevocationKind::Kid, value: kid.to_owned(), before: None, until };
        let writes = vec![
            Write::UpdateKey(plan.moved(record, KeyState::Gone)),
            Write::Revoke(revocation),
            plan.event(kid, AuditKind::KeyRevoked),
        ];
        self.store.commit(writes).await?;
        Ok(Some(KeyChange { kid: kid.to_owned(), kind: AuditKind::KeyRevoked }))
    }

    fn plan(&self, actor: Actor) -> Plan<'_> {
        Plan { settings: &self.settings, random: &*self.random, master: &self.master, actor, now: self.now() }
    }
}

struct Plan<'a> {
    settings: &'a Settings,
    random: &'a dyn Random,
    master: &'a MasterKey,
    actor: Actor,
    now: Timestamp,
}

impl Plan<'_> {
    /// Makes each change in a commit of its own. One that another node has made meanwhile is left out.
    ///
    /// The first keys are made in one: whoever finds any, another node or the start after a crash, finds all.
    async fn carry_out(
        &self,
        store: &dyn Store,
        records: &[KeyRecord],
        due: Vec<Rotation>,
    ) -> Result<Vec<KeyChange>, Error> {
        let mut changes = Vec::new();
        let at_once = if records.is_empty() { due.len().max(1) } else { 1 };
        for rotations in due.chunks(at_once) {
            let (mut writes, mut made) = (Vec::new(), Vec::new());
            for rotation in rotations {
                let (more, change) = self.writes(records, rotation)?;
                writes.extend(more);
                made.extend(change);
            }
            match store.commit(writes).await {
                Ok(_) => changes.extend(made),
                Err(StoreError::Conflict(Conflict::Changed | Conflict::Id)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(changes)
    }

    fn writes(&self, records: &[KeyRecord], rotation: &Rotation) -> Result<(Vec<Write>, Vec<KeyChange>), Error> {
        let find = |kid: &str| {
            let found = records.iter().find(|record| record.kid == kid).cloned();
            found.ok_or_else(|| Error::Internal(format!("no key {kid}")))
        };
        let (keys, kinds) = match rotation {
            &Rotation::Create(purpose, state) => {
                let algorithm = self.settings.rotation.algorithm(purpose);
                let key = KeyRecord::generate(purpose, algorithm, state, self.master, self.random, self.now)?;
                (vec![(Write::InsertKey(key.clone()), key.kid)], vec![AuditKind::KeyCreated])
            }
            // The old one steps down first: there is one signing key at most after each write.
            Rotation::Activate { kid, retire } => (
                vec![
                    (Write::UpdateKey(self.moved(find(retire)?, KeyState::Verifying)), retire.clone()),
                    (Write::UpdateKey(self.moved(find(kid)?, KeyState::Signing)), kid.clone()),
                ],
                vec![AuditKind::KeyRetired, AuditKind::KeyActivated],
            ),
            Rotation::Erase { kid } => {
                let write = Write::UpdateKey(self.moved(find(kid)?, KeyState::Gone));
                (vec![(write, kid.clone())], vec![AuditKind::KeyErased])
            }
            Rotation::Forget { kid } => {
                let forgotten = KeyRecord { public: None, ..find(kid)? };
                (vec![(Write::UpdateKey(forgotten), kid.clone())], vec![AuditKind::KeyForgotten])
            }
        };
        let mut writes = Vec::new();
        let mut changes = Vec::new();
        for ((write, kid), kind) in keys.into_iter().zip(kinds) {
            writes.push(write);
            writes.push(self.event(&kid, kind));
            changes.push(KeyChange { kid, kind });
        }
        Ok((writes, changes))
    }

    fn moved(&self, record: KeyRecord, state: KeyState) -> KeyRecord {
        let private = record.private.filter(|_| state != KeyState::Gone);
        KeyRecord { state, private, changed_at: self.now, ..record }
    }

    fn event(&self, kid: &str, kind: AuditKind) -> Write {
        Write::Audit(AuditEvent {
            at: self.now,
            kind,
            actor: self.actor,
            user: None,
            session: None,
            address: None,
            detail: serde_json::json!({ "kid": kid }),
        })
    }
}

const MOST_TRIES: usize = 16;
