//! Mail: from the queue to a server, or to the outbox of development.

mod compose;
mod message;
mod outbox;
mod post;
mod smtp;
mod words;

pub(crate) use self::compose::{Composed, Composer, path, sample};
pub(crate) use self::outbox::Outbox;
pub(crate) use self::post::Post;
use self::smtp::{Smtp, Turn};
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

    /// Sends a mail. What is returned is kept until the mail has left the queue.
    async fn send(&self, mail: Composed) -> Result<Option<Turn>, Undelivered> {
        match self {
            Self::Off => Err(Undelivered { is_refused: false, reason: "mail is off".to_owned() }),
            Self::Outbox(outbox) => {
                outbox.put(mail);
                Ok(None)
            }
            Self::Smtp(smtp) => smtp.send(mail).await.map(Some),
        }
    }
}
