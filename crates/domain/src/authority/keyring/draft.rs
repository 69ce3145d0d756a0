//! Changes of keys as the writes of a commit.

use super::{KeyChange, RotateKeys};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::authority::Settings;
use crate::error::Error;
use crate::keys::{KeyRecord, KeyState, Purpose, Rotation, longest_life};
use crate::random::Random;
use crate::revocation::{Revocation, RevocationKind};
use crate::seal::MasterKey;
use crate::store::{Conflict, Store, StoreError, Write};
use crate::time::Timestamp;

/// Who changes keys, when, and with what.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) settings: &'a Settings,
    pub(super) random: &'a dyn Random,
    pub(super) master: &'a MasterKey,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
}

/// Changes that are to be made in one commit.
pub(super) struct Draft<'a> {
    plan: Plan<'a>,
    pub(super) writes: Vec<Write>,
    pub(super) changes: Vec<KeyChange>,
}

impl<'a> Plan<'a> {
    /// Makes each change that is due in a commit of its own. One that another node has made meanwhile is left out.
    ///
    /// The first keys are made in one: whoever finds any, another node or the start after a crash, finds all.
    pub(super) async fn carry_out(
        self,
        store: &dyn Store,
        records: &[KeyRecord],
        due: &[Rotation],
    ) -> Result<Vec<KeyChange>, Error> {
        let mut changes = Vec::new();
        let at_once = if records.is_empty() { due.len().max(1) } else { 1 };
        for rotations in due.chunks(at_once) {
            let mut draft = Draft::new(self);
            for rotation in rotations {
                draft.follow(records, rotation)?;
            }
            match store.commit(draft.writes).await {
                Ok(_) => changes.extend(draft.changes),
                Err(StoreError::Conflict(Conflict::Changed | Conflict::Id)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(changes)
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(plan: Plan<'a>) -> Self {
        Self { plan, writes: Vec::new(), changes: Vec::new() }
    }

    /// What is to be done by command. The old key steps down first: there is one signing key at most after each write.
    pub(super) fn rotate(&mut self, records: &[KeyRecord], how: RotateKeys) -> Result<(), Error> {
        let purpose = if how == RotateKeys::Refresh { Purpose::Refresh } else { Purpose::Access };
        let of = |state| records.iter().filter(move |record| record.purpose == purpose && record.state == state);
        let upcoming = of(KeyState::Upcoming).next();
        match how {
            RotateKeys::Planned if upcoming.is_some() => return Ok(()),
            RotateKeys::Planned => {
                return self.create(records, purpose, KeyState::Upcoming).map(drop);
            }
            RotateKeys::Now | RotateKeys::Refresh => {
                for signing in of(KeyState::Signing) {
                    self.step(signing, KeyState::Verifying, AuditKind::KeyRetired);
                }
            }
            // Which of them leaked is not known, and one that stepped down a moment ago still verifies.
            RotateKeys::Emergency => {
                let life = longest_life(records, Purpose::Access);
                let until = self.plan.settings.revoked_until(self.plan.now, life);
                for leaked in of(KeyState::Signing).chain(of(KeyState::Verifying)) {
                    self.step(leaked, KeyState::Gone, AuditKind::KeyRevoked);
                    let value = leaked.kid.clone();
                    let revocation = Revocation { kind: RevocationKind::Kid, value, before: None, until };
                    self.writes.push(Write::Revoke(revocation));
                }
            }
        }
        match upcoming {
            Some(upcoming) => {
                let token_life = upcoming.token_life.max(longest_life(records, purpose));
                let upcoming = KeyRecord { token_life, ..upcoming.clone() };
                self.step(&upcoming, KeyState::Signing, AuditKind::KeyActivated);
            }
            None => {
                let kid = self.create(records, purpose, KeyState::Signing)?;
                self.note(&kid, AuditKind::KeyActivated);
            }
        }
        Ok(())
    }

    fn follow(&mut self, records: &[KeyRecord], rotation: &Rotation) -> Result<(), Error> {
        let find = |kid: &str| {
            let found = records.iter().find(|record| record.kid == kid);
            found.ok_or_else(|| Error::Internal(format!("no key {kid}")))
        };
        match rotation {
            &Rotation::Create(purpose, state) => {
                self.create(records, purpose, state)?;
            }
            Rotation::Extend { kid } => {
                let key = find(kid)?.clone();
                let token_life = self.plan.settings.rotation.token_life(key.purpose);
                let extended = KeyRecord { token_life, token_life_since: self.plan.now, ..key };
                self.change(Write::UpdateKey(extended), kid, AuditKind::KeyExtended);
            }
            Rotation::Activate { kid, retire } => {
                if let Some(retire) = retire {
                    self.step(find(retire)?, KeyState::Verifying, AuditKind::KeyRetired);
                }
                self.step(find(kid)?, KeyState::Signing, AuditKind::KeyActivated);
            }
            Rotation::Erase { kid } => self.step(find(kid)?, KeyState::Gone, AuditKind::KeyErased),
            Rotation::Forget { kid } => {
                let forgotten = KeyRecord { public: None, ..find(kid)?.clone() };
                self.change(Write::UpdateKey(forgotten), kid, AuditKind::KeyForgotten);
            }
        }
        Ok(())
    }

    /// Makes the commit depend on a key being sealed as it was read: a new one that is sealed under a master key that was
    /// changed meanwhile could never be opened.
    fn hold(&mut self, records: &[KeyRecord]) {
        let is_held = self.writes.iter().any(|write| matches!(write, Write::UpdateKey(_)));
        if let Some(sealed) = records.iter().find(|record| record.private.is_some() && !is_held) {
            self.writes.push(Write::UpdateKey(sealed.clone()));
        }
    }

    /// One that is published ahead is extended by nodes whose tokens live longer, before it signs; one that signs at once
    /// does so for as long as any before it.
    fn create(&mut self, records: &[KeyRecord], purpose: Purpose, state: KeyState) -> Result<String, Error> {
        self.hold(records);
        let Plan { settings, random, master, now, .. } = self.plan;
        let algorithm = settings.rotation.algorithm(purpose);
        let own_life = settings.rotation.token_life(purpose);
        let life = if state == KeyState::Signing { own_life.max(longest_life(records, purpose)) } else { own_life };
        let key = KeyRecord::generate(purpose, algorithm, state, life, master, random, now)?;
        let kid = key.kid.clone();
        self.change(Write::InsertKey(key), &kid, AuditKind::KeyCreated);
        Ok(kid)
    }

    fn step(&mut self, record: &KeyRecord, state: KeyState, kind: AuditKind) {
        let private = record.private.clone().filter(|_| state != KeyState::Gone);
        let moved = KeyRecord { state, private, changed_at: self.plan.now, ..record.clone() };
        self.change(Write::UpdateKey(moved), &record.kid, kind);
    }

    fn change(&mut self, write: Write, kid: &str, kind: AuditKind) {
        self.writes.push(write);
        self.note(kid, kind);
    }

    fn note(&mut self, kid: &str, kind: AuditKind) {
        self.writes.push(Write::Audit(AuditEvent {
            at: self.plan.now,
            kind,
            actor: self.plan.actor,
            user: None,
            session: None,
            address: None,
            detail: serde_json::json!({ "kid": kid }),
        }));
        self.changes.push(KeyChange { kid: kid.to_owned(), kind });
    }
}
