//! From the queue to the server: a few mails at a time, each held while it is in hand.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokenry_domain::Error;
use tokenry_domain::authority::{Due, Outgoing};
use tokenry_domain::mail::{LEASE, Mail};
use tokio::select;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Composer, Mailer, Undelivered};
use crate::App;
use crate::trouble::Trouble;
use crate::upkeep::every;

/// What takes mails to where they go.
pub(crate) struct Post {
    pub(crate) mailer: Mailer,
    /// That a mail was queued by this process.
    queued: Arc<Notify>,
    slots: Arc<Semaphore>,
}

impl Post {
    pub(crate) fn new(mailer: Mailer, queued: Arc<Notify>) -> Self {
        Self { mailer, queued, slots: Arc::new(Semaphore::new(AT_ONCE as usize)) }
    }

    /// Sends until it is dropped. Mails that this process queues go at once; those of others, and those to be tried again,
    /// within a second.
    pub(crate) async fn run(&self, app: &Arc<App>) {
        if matches!(self.mailer, Mailer::Off) {
            return;
        }
        let mut ticks = every(CHECK);
        let mut in_hand = JoinSet::new();
        let mut trouble = Trouble::new("the queue of mails can't be read; it is tried again");
        loop {
            select! {
                _ = ticks.tick() => {}
                () = self.queued.notified() => {}
            }
            trouble.note(self.take_due(app, &mut in_hand).await);
            while in_hand.try_join_next().is_some() {}
        }
    }

    /// Sends the mails that are due. Returns how many were sent.
    pub(crate) async fn send_due(&self, app: &Arc<App>) -> Result<usize, Error> {
        let mut in_hand = JoinSet::new();
        if !matches!(self.mailer, Mailer::Off) {
            self.take_due(app, &mut in_hand).await?;
        }
        Ok(in_hand.join_all().await.into_iter().filter(|is_sent| *is_sent).count())
    }

    /// Takes up no more mails, and waits for those in hand.
    pub(crate) async fn finish(&self) {
        if let Ok(slots) = self.slots.acquire_many(AT_ONCE).await {
            slots.forget();
        }
    }

    async fn take_due(&self, app: &Arc<App>, in_hand: &mut JoinSet<bool>) -> Result<(), Error> {
        loop {
            // Closed by no one.
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return Ok(()) };
            match app.authority.next_mail().await? {
                Some(Due::InHand(outgoing)) => drop(in_hand.spawn(deliver(Arc::clone(app), outgoing, slot))),
                Some(Due::GivenUp(mail)) => {
                    app.metrics.mail("given_up");
                    tracing::warn!(id = %mail.id, letter = mail.letter.name(), "mail given up: its link has expired");
                }
                None => return Ok(()),
            }
        }
    }
}

/// Sends a mail. Returns whether it was sent.
async fn deliver(app: Arc<App>, Outgoing { mail, token }: Outgoing, _slot: OwnedSemaphorePermit) -> bool {
    let (id, letter) = (mail.id, mail.letter.name());
    let composed = Composer::new(&app.authority.settings().issuer).compose(&mail, &token);
    let sending = async {
        let composed = composed.map_err(|reason| Undelivered { is_refused: true, reason })?;
        app.post.mailer.send(composed).await
    };
    let Some((mail, sent)) = hold(&app, mail, sending).await else {
        tracing::warn!(%id, letter, "another node has gone on with this mail");
        return false;
    };
    match sent {
        Ok(_turn) => {
            app.metrics.mail("sent");
            tracing::debug!(%id, letter, "mail sent");
            note_sent(&app, &mail).await;
            true
        }
        Err(Undelivered { is_refused, reason }) => {
            app.metrics.mail(if is_refused { "refused" } else { "failed" });
            match app.authority.mail_failed(&mail, is_refused).await {
                Ok(again) => {
                    if !again {
                        app.metrics.mail("given_up");
                    }
                    tracing::warn!(%id, letter, reason, again, attempts = mail.attempts, "mail not sent");
                }
                // Its lease runs out.
                Err(error) => tracing::warn!(%id, letter, reason, %error, "mail not sent, and not noted"),
            }
            false
        }
    }
}

/// Sends a mail while holding on to it. `None`: it is no longer in our hands; this process stood still for too long.
async fn hold<T>(app: &App, mut mail: Mail, sending: impl Future<Output = T>) -> Option<(Mail, T)> {
    let mut sending = pin!(sending);
    loop {
        select! {
            // Who was suspended asks first whether the mail is still theirs.
            biased;
            () = sleep(RENEWAL) => match app.authority.hold_mail(&mail).await {
                Ok(Some(held)) => mail = held,
                Ok(None) => return None,
                Err(error) => tracing::warn!(id = %mail.id, %error, "a mail in hand can't be held"),
            },
            sent = &mut sending => return Some((mail, sent)),
        }
    }
}

/// Notes that a mail was sent, although the database is away for a while: what is not noted is sent again.
async fn note_sent(app: &App, mail: &Mail) {
    let started = Instant::now();
    while let Err(error) = app.authority.mail_sent(mail).await {
        tracing::warn!(id = %mail.id, %error, "a mail was sent, and that can't be noted; it is tried again");
        if started.elapsed() >= LEASE {
            return;
        }
        sleep(CHECK).await;
    }
}

/// How many mails are in hand at a time. Most of sending is waiting for the server.
const AT_ONCE: u32 = 4;
const CHECK: Duration = Duration::from_secs(1);
const RENEWAL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_twice_before_it_runs_out() {
        assert!(2 * RENEWAL < LEASE);
    }
}
