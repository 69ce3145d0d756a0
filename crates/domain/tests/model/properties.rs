//! What must hold in every state.

use stateright::Property;
use tokenry_domain::refresh::{Decision, Position, RequestKey};
use tokenry_domain::time::Timestamp;

use crate::world::{State, World};

/// While no thief acts, the client is never logged out; by a restored row neither.
pub(crate) const HONEST: &str = "an honest client is never logged out";
/// And what its store holds gets a pair at once: it is never told to try again without end.
pub(crate) const ALIVE: &str = "what an honest client holds gets a pair";
/// Two parties on a keyed session: whichever comes second gets nothing.
pub(crate) const SECOND: &str = "of two parties on a keyed session only one gets a pair";
/// Two parties on a plain session, more than W apart.
pub(crate) const BETWEEN: &str = "the owner gets one pair at most between the thief's first and last";
/// A `Rotate` or a `Fork` changes the row; a plain `Repeat` does not.
pub(crate) const WRITES: &str = "a decision writes one row, or none";
/// An access token of another session is never overlooked, a missing one not where it is required.
pub(crate) const PAIRS: &str = "a wrong pair gets nothing";
/// What was replaced gets nothing any more.
pub(crate) const HEADS: &str = "there is one live head";

pub(crate) fn of(world: &World) -> Vec<Property<World>> {
    let mut properties = vec![
        Property::always(WRITES, |_, state: &State| !state.seen.wrong_write),
        Property::always(HEADS, has_one_head),
        Property::always(PAIRS, |_, state: &State| !state.seen.wrong_pair),
    ];
    match (world.thefts > 0, world.keyed) {
        (false, _) if world.compares => properties.extend([
            Property::always(HONEST, |_, state: &State| !state.row.is_over),
            Property::always(ALIVE, is_alive),
        ]),
        (false, _) => {}
        (true, true) => {
            properties.push(Property::always(SECOND, |_, state: &State| state.seen.succeeded != [true, true]))
        }
        (true, false) => properties.push(Property::always(BETWEEN, |_, state: &State| !state.seen.overtaken)),
    }
    properties
}

fn is_alive(world: &World, state: &State) -> bool {
    let decision = world.judge(&state.row, world.own(state), 0, World::now(state));
    matches!(decision, Decision::Rotate { .. } | Decision::Fork { .. } | Decision::Repeat { .. }) || state.row.is_over
}

/// No position but the head, of its generation or an older one, gets a pair, whatever key comes with it.
fn has_one_head(world: &World, state: &State) -> bool {
    let head = state.row.refresh.head;
    let replaced = (0..=head.generation).flat_map(|generation| {
        (0..4).map(move |ordinal| Position { generation, ordinal }).filter(move |position| *position != head)
    });
    let mut keys = replaced.flat_map(|position| {
        [None, Some(RequestKey([77; 32])), state.row.refresh.parent_key].map(|key| (position, key))
    });
    keys.all(|(position, key)| {
        let decision = world.judge(&state.row, (position, key), 0, Timestamp::from_seconds(0));
        let later = world.judge(&state.row, (position, key), 0, Timestamp::from_seconds(1_000_000));
        [decision, later].iter().all(|decision| matches!(decision, Decision::Ended | Decision::Reuse | Decision::Stale))
    })
}
