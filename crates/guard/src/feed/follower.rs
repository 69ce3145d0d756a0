use super::Fault;
use super::chain::{Entry, Place};
use super::snapshot::Reader;
use super::sse::Event;
use super::statement::Statement;
use crate::revocations::{Pending, Revocations};

/// Follows the events of one connection. An entry takes effect when a signed statement covers it, not before.
pub(crate) struct Follower {
    /// What is signed.
    place: Place,
    /// What was heard.
    ahead: Place,
    pending: Vec<Pending>,
    /// When the newest statement was made.
    at: i64,
}

impl Follower {
    /// Goes on behind a place that is known to be the issuer's.
    pub(crate) fn at(place: Place) -> Self {
        Self { place, ahead: place, pending: Vec::new(), at: i64::MIN }
    }

    /// The last place that is known to be the issuer's.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Takes in an event. The statement that it carried, if it was one that says something new.
    ///
    /// After a fault, the connection is of no use any more.
    pub(crate) fn hear(
        &mut self,
        event: &Event,
        reader: &impl Reader,
        revocations: &Revocations,
    ) -> Result<Option<Statement>, Fault> {
        match event.name.as_str() {
            "revocation" => {
                let entry = Entry::parse(event.data.as_bytes())?;
                self.ahead = self.ahead.after(&entry)?;
                if self.pending.len() >= MOST_PENDING {
                    return Err(Fault::TooLarge);
                }
                self.pending.extend(reader.pending(&entry));
                Ok(None)
            }
            "heartbeat" => {
                let statement = reader.statement(&event.data)?;
                if statement.at < self.at {
                    return Err(Fault::Replayed);
                }
                if statement.seq != self.ahead.seq || statement.digest != self.ahead.digest {
                    return Err(Fault::Altered);
                }
                self.pending.drain(..).for_each(|pending| revocations.apply(pending));
                (self.place, self.at) = (self.ahead, statement.at);
                Ok(Some(statement))
            }
            "reset" => Err(Fault::Reset),
            // What later versions may add.
            _ => Ok(None),
        }
    }
}

/// What a server sends between two statements is far less.
const MOST_PENDING: usize = 100_000;
