use std::collections::VecDeque;
use std::str::FromStr;
use std::sync::Arc;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::Feed;
use super::seat::Seat;

/// Where a guard wants to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Position {
    /// With all entries.
    #[default]
    Beginning,
    /// After this one, which must be the one with this tag, if it has one.
    After(u64, Option<u64>),
}

/// The text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is SEQ or SEQ-TAG, as in the `id` of an event")]
pub(crate) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (seq, tag) = text.split_once('-').map_or((text, None), |(seq, tag)| (seq, Some(tag)));
        let is_number = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let is_tag = |tag: &str| tag.len() == 16 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_number || !tag.is_none_or(is_tag) {
            return Err(NoPosition);
        }
        let tag = tag.map(|tag| u64::from_str_radix(tag, 16)).transpose().map_err(|_| NoPosition)?;
        Ok(Self::After(seq.parse().map_err(|_| NoPosition)?, tag))
    }
}

struct Subscription {
    feed: Arc<Feed>,
    changes: watch::Receiver<u64>,
    events: VecDeque<Event>,
    seq: u64,
    resets: u64,
    beats: u64,
    seat: Arc<Seat>,
}

/// The events after `position`. The seat is free again when the stream is dropped; a stream that has lost it ends, and
/// whoever reads it goes on from the last `id` in another.
pub(super) fn stream(
    feed: Arc<Feed>,
    changes: watch::Receiver<u64>,
    position: Position,
    seat: Arc<Seat>,
) -> impl Stream<Item = Event> + Send + use<> {
    let mut events = VecDeque::new();
    let (seq, resets) = {
        let log = feed.log();
        let seq = match position {
            Position::Beginning => log.base_place().seq,
            Position::After(seq, tag) if log.holds(seq, tag) => seq,
            Position::After(..) => {
                events.push_back(reset());
                log.newest().seq
            }
        };
        (seq, log.resets())
    };
    unfold(Subscription { feed, changes, events, seq, resets, beats: 0, seat }, next)
}

async fn next(mut this: Subscription) -> Option<(Event, Subscription)> {
    loop {
        if !this.seat.come_back() {
            return None;
        }
        if let Some(event) = this.events.pop_front() {
            this.seat.leave_with_event(this.feed.beat());
            return Some((event, this));
        }
        this.changes.mark_unchanged();
        if !this.collect() {
            return None;
        }
        if this.events.is_empty() {
            this.changes.changed().await.ok()?;
        }
    }
}

impl Subscription {
    /// Collects what is new. Whether the feed goes on.
    fn collect(&mut self) -> bool {
        let log = self.feed.log();
        if log.is_over {
            return false;
        }
        // Lost commits, or so slow that entries which it never saw were forgotten: it must load the snapshot.
        if log.resets() != self.resets || self.seq < log.base_place().seq {
            self.events.push_back(reset());
            (self.resets, self.seq) = (log.resets(), log.newest().seq);
        }
        let entries = log.after(self.seq, AT_ONCE);
        for entry in entries {
            let event = Event::default().event("revocation").id(entry.place.to_string());
            self.events.push_back(event.data(entry.json.get()));
            self.seq = entry.place.seq;
        }
        // It is about all entries: whoever has not all of them can't compare.
        if let Some((beats, heartbeat)) = log.heartbeat()
            && beats != self.beats
            && self.seq == log.newest().seq
        {
            self.beats = beats;
            self.events.push_back(Event::default().event("heartbeat").data(&**heartbeat));
        }
        true
    }
}

fn reset() -> Event {
    Event::default().event("reset").data("{}")
}

/// Entries collected at once.
const AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_number_with_or_without_a_tag() {
        assert_eq!("7".parse(), Ok(Position::After(7, None)));
        assert_eq!("7-00000000000000ff".parse(), Ok(Position::After(7, Some(255))));
        for bad in
            ["", "-", "7-", "-7", "+7", "7-ff", "7-00000000000000fg", "7-+0000000000000ff", "x", "18446744073709551616"]
        {
            assert_eq!(bad.parse::<Position>(), Err(NoPosition), "{bad}");
        }
    }
}
