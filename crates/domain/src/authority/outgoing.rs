//! The queue of mails: each is taken in hand by one node at a time, and leaves it when it is sent or given up.

use zeroize::Zeroizing;

use super::{Authority, Context, event_of};
use crate::account::User;
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::mail::{LEASE, Mail};
use crate::session::Client;
use crate::store::{Conflict, StoreError, Write};

/// A mail in hand, with what its link carries.
pub struct Outgoing {
    /// The mail.
    pub mail: Mail,
    /// The one-time token, signed.
    pub token: Zeroizing<String>,
}

/// What became of a mail that was due.
pub enum Due {
    /// It is in hand, to be sent.
    InHand(Outgoing),
    /// It came to its end unsent: its link has expired.
    GivenUp(Mail),
}

impl Authority {
    /// Takes a mail in hand that is due: for the length of a lease no one else gets it.
    pub async fn next_mail(&self) -> Result<Option<Due>, Error> {
        for mail in self.store.mails_due(self.now(), LOOKED_AT).await? {
            let now = self.now();
            if now >= mail.pointless_at() {
                self.give_up(&mail).await?;
                return Ok(Some(Due::GivenUp(mail)));
            }
            let claimed = Mail { due_at: now + LEASE, attempts: mail.attempts.saturating_add(1), ..mail };
            match self.store.commit(vec![Write::UpdateMail(claimed.clone())]).await {
                Err(StoreError::Conflict(Conflict::Changed)) => continue,
                committed => committed?,
            };
            let claimed = Mail { version: claimed.version.wrapping_add(1), ..claimed };
            let token = self.store.one_time(claimed.token).await?;
            let user = self.store.user(claimed.user).await?.filter(User::is_active);
            let (Some(token), Some(_)) = (token, user) else {
                // Spent, voided, or replaced by a newer one that has a mail of its own.
                self.mail_sent(&claimed).await?;
                continue;
            };
            let token = token.sign(self.keys().one_time(), &self.settings.issuer)?;
            return Ok(Some(Due::InHand(Outgoing { mail: claimed, token })));
        }
        Ok(None)
    }

    /// Holds on to a mail in hand: its lease begins anew. `None`: it has run out before, and someone else has gone on.
    pub async fn hold_mail(&self, mail: &Mail) -> Result<Option<Mail>, Error> {
        let held = Mail { due_at: self.now() + LEASE, ..mail.clone() };
        match self.store.commit(vec![Write::UpdateMail(held.clone())]).await {
            Ok(_) => Ok(Some(Mail { version: held.version.wrapping_add(1), ..held })),
            Err(StoreError::Conflict(Conflict::Changed)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The mail in hand was sent.
    pub async fn mail_sent(&self, mail: &Mail) -> Result<(), Error> {
        self.done(vec![Write::RemoveMail { id: mail.id, version: mail.version }]).await
    }

    /// The mail in hand could not be sent. Returns whether it will be tried again.
    pub async fn mail_failed(&self, mail: &Mail, is_refused: bool) -> Result<bool, Error> {
        match mail.retry_at(is_refused, self.now()) {
            Some(due_at) => {
                self.done(vec![Write::UpdateMail(Mail { due_at, ..mail.clone() })]).await?;
                Ok(true)
            }
            None => {
                self.give_up(mail).await?;
                Ok(false)
            }
        }
    }

    async fn give_up(&self, mail: &Mail) -> Result<(), Error> {
        let context = Context { client: Client::default(), ..Context::default() };
        let detail = serde_json::json!({ "letter": mail.letter.name(), "attempts": mail.attempts });
        let user = Some(mail.user);
        self.done(vec![
            Write::RemoveMail { id: mail.id, version: mail.version },
            event_of(AuditKind::MailGivenUp, Actor::System, user, None, &context, detail, self.now()),
        ])
        .await
    }

    /// Who comes back after its lease has run out finds that someone else has gone on.
    async fn done(&self, writes: Vec<Write>) -> Result<(), Error> {
        match self.store.commit(writes).await {
            Ok(_) | Err(StoreError::Conflict(Conflict::Changed)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Of several nodes, each may lose the first few to others.
const LOOKED_AT: u32 = 16;
