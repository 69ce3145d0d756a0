//! Mail: from the queue to a server, or to the outbox of development.

mod compose;
mod outbox;
mod smtp;
mod words;

use tokenry_domain::authority::Outgoing;

pub(crate) use self::compose::{Composed, Composer, path, sample};
pub(crate) use self::outbox::Outbox;
use self::smtp::Smtp;
use crate::App;
use crate::config::{ConfigError, Delivery};

/// Where mail goes.
pub(crate) enum Mailer {
    Off,
    Outbox(Outbox),
    Smtp(Box<Smtp>),
}

/// Why a mail was not taken. The reason is the server's, and is for the log.
#[derive(Debug)]
pub(crate) struct Undelivered {
    /// Whether the server said "never", rather than "not now" or nothing.
    pub(crate) is_refused: bool,
    pub(crate) reason: String,
}

impl Mailer {
    pub(crate) fn new(delivery: &Delivery) -> Result<Self, ConfigError> {
        Ok(match delivery {
            Delivery::Off => Self::Off,
            Delivery::Outbox => Self::Outbox(Outbox::default()),
            Delivery::Smtp(relay) => Self::Smtp(Box::new(Smtp::new(relay)?)),
        })
    }

    async fn send(&self, mail: Composed) -> Result<(), Undelivered> {
        match self {
            Self::Off => Err(Undelivered { is_refused: false, reason: "mail is off".to_owned() }),
            Self::Outbox(outbox) => {
                outbox.put(mail);
                Ok(())
            }
            Self::Smtp(smtp) => smtp.send(mail).await,
        }
    }
}

/// Sends all mails that are due, one after the other: after a crash at most the one in hand is sent again. Returns how
/// many were sent.
pub(crate) async fn send_due(app: &App) -> Result<usize, tokenry_domain::Error> {
    let mut sent = 0;
    if matches!(app.mailer, Mailer::Off) {
        return Ok(sent);
    }
    let composer = Composer::new(&app.authority.settings().issuer);
    while let Some(Outgoing { mail, token }) = app.authority.next_mail().await? {
        let (id, letter) = (mail.id, mail.letter.name());
        let delivered = match composer.compose(&mail, &token) {
            Ok(composed) => app.mailer.send(composed).await,
            Err(reason) => Err(Undelivered { is_refused: true, reason }),
        };
        match delivered {
            Ok(()) => {
                app.authority.mail_sent(&mail).await?;
                sent += 1;
                tracing::debug!(%id, letter, "mail sent");
            }
            Err(Undelivered { is_refused, reason }) => {
                let again = app.authority.mail_failed(&mail, is_refused).await?;
                tracing::warn!(%id, letter, reason, again, attempts = mail.attempts, "mail not sent");
            }
        }
    }
    Ok(sent)
}
