//! The refresh protocol, explored exhaustively within bounds: production's own function, an honest client, a network, a
//! crashing server, a restored back-up and a thief. `cargo test -p tokenry-domain --test model -- --nocapture` prints how
//! many states there are.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::print_stdout, reason = "the figures are part of what is shown")]

#[path = "model/broken.rs"]
mod broken;
#[path = "model/properties.rs"]
mod properties;
#[path = "model/world.rs"]
mod world;

use std::thread::available_parallelism;

use properties::{BETWEEN, HONEST, SECOND};
use stateright::{Checker, HasDiscoveries, Model};
use tokenry_domain::refresh::decide;
use world::{Decide, Pairs, World};

/// One client on one node, and nothing that goes wrong but messages.
const CALM: World = World {
    decide,
    keyed: false,
    login_key: false,
    compares: true,
    sends: 7,
    thefts: 0,
    captures: false,
    listens: false,
    pairs: Pairs::Never,
    apart: false,
    passes: 3,
    late: false,
    under_way: 3,
    repeats: 2,
    nodes: 1,
    suspends: false,
    restores: 0,
};

const KEYED: World = World { keyed: true, login_key: true, late: true, sends: 6, ..CALM };
const STOLEN: World = World { thefts: 3, sends: 3, apart: true, passes: 4, under_way: 2, repeats: 0, ..CALM };
const STOLEN_KEYED: World = World { thefts: 3, sends: 4, repeats: 1, passes: 2, under_way: 2, ..KEYED };

#[test]
fn a_plain_client_over_a_bad_network() {
    holds("plain", &CALM);
}

#[test]
fn a_keyed_client_over_a_bad_network() {
    holds("keyed", &KEYED);
    holds("keyed, not at log-in", &World { login_key: false, ..KEYED });
}

#[test]
fn two_nodes_that_crash() {
    holds("plain, two nodes", &World { nodes: 2, sends: 5, ..CALM });
    holds("keyed, two nodes", &World { nodes: 2, sends: 5, ..KEYED });
}

#[test]
fn nodes_that_stand_still() {
    holds("plain, suspended nodes", &World { nodes: 2, suspends: true, sends: 4, repeats: 1, passes: 2, ..CALM });
    holds("keyed, suspended nodes", &World { nodes: 2, suspends: true, sends: 4, repeats: 1, passes: 2, ..KEYED });
}

#[test]
fn with_and_without_the_access_token() {
    holds("plain, pairs", &World { pairs: Pairs::Sometimes, sends: 4, ..CALM });
    holds("keyed, pairs", &World { pairs: Pairs::Sometimes, sends: 4, ..KEYED });
    holds("plain, pairs, stolen", &World { pairs: Pairs::Sometimes, passes: 3, thefts: 2, ..STOLEN });
    holds("keyed, pairs, stolen", &World { pairs: Pairs::Sometimes, sends: 3, thefts: 2, ..STOLEN_KEYED });
    holds("plain, the pair required, half stolen", &World { pairs: Pairs::Required, ..STOLEN });
    holds("keyed, the pair required, half stolen", &World { pairs: Pairs::Required, ..STOLEN_KEYED });
}

/// A restored row may not know the key that made its client's token: duplicates must arrive within W.
#[test]
fn a_restored_back_up() {
    holds("plain, restored", &World { restores: 2, sends: 4, passes: 2, ..CALM });
    holds("keyed, restored", &World { restores: 2, late: false, sends: 4, passes: 2, ..KEYED });
    holds("plain, restored, two nodes", &World { restores: 1, nodes: 2, sends: 4, passes: 2, ..CALM });
    let both = World { restores: 1, nodes: 2, suspends: true, sends: 3, passes: 2, ..CALM };
    holds("plain, restored under suspended nodes", &both);
    holds("keyed, restored under suspended nodes", &World { keyed: true, login_key: true, ..both });
}

#[test]
fn a_thief_of_a_keyed_session() {
    holds("keyed, stolen", &STOLEN_KEYED);
    holds("keyed not at log-in, stolen", &World { login_key: false, ..STOLEN_KEYED });
    holds("keyed, captured", &World { captures: true, ..STOLEN_KEYED });
    holds("keyed, an answer copied", &World { listens: true, ..STOLEN_KEYED });
    holds("keyed, stolen, two nodes", &World { nodes: 2, sends: 3, ..STOLEN_KEYED });
    let suspended = World { nodes: 2, suspends: true, sends: 2, thefts: 2, repeats: 0, ..STOLEN_KEYED };
    holds("keyed, stolen, suspended nodes", &suspended);
}

#[test]
fn a_thief_of_a_plain_session_more_than_the_window_apart() {
    holds("plain, stolen", &STOLEN);
    holds("plain, an answer copied", &World { listens: true, ..STOLEN });
    holds("plain, stolen, repeated", &World { repeats: 1, passes: 3, ..STOLEN });
}

/// Not asserted: a cookie jar, in which the last answer wins, is not the client that the protocol asks for.
#[test]
fn a_cookie_jar_is_shown() {
    let world = World { compares: false, sends: 5, ..CALM };
    let over = std::sync::atomic::AtomicU64::new(0);
    let mut seen = std::collections::HashSet::new();
    let mut next = world.init_states();
    while let Some(state) = next.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        over.fetch_add(u64::from(state.row.is_over), std::sync::atomic::Ordering::Relaxed);
        next.extend(world.next_steps(&state).into_iter().map(|(_, state)| state));
    }
    println!("cookie jar, last answer wins: {} states, {} of them logged out", seen.len(), over.into_inner());
}

#[test]
fn each_rule_is_needed() {
    let broken = |decide: Decide, world: &World| World { decide, ..world.clone() };
    fails("the window above the keys", &broken(broken::WINDOW_ABOVE_KEYS, &STOLEN_KEYED), SECOND);
    fails("keyed, not sticky", &broken(broken::KEYED_NOT_STICKY, &STOLEN_KEYED), SECOND);
    fails("no fork", &broken(broken::NO_FORK, &CALM), HONEST);
    fails("no receipts", &broken(broken::NO_RECEIPTS, &CALM), HONEST);
    let suspended = World { nodes: 2, suspends: true, ..CALM };
    fails("what was held accuses", &broken(broken::HELD_ACCUSES, &suspended), HONEST);
    fails("the window unbounded", &broken(broken::WINDOW_UNBOUNDED, &STOLEN), BETWEEN);
}

/// Explores all of `world`, and prints how much that is.
fn holds(name: &str, world: &World) {
    let threads = available_parallelism().map_or(1, usize::from);
    let checker = world.clone().checker().threads(threads).spawn_bfs().join();
    println!("{name}: {} states, {} steps deep", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
    assert!(checker.is_done() && checker.unique_state_count() > 1000, "{name}: hardly anything was explored");
}

/// Finds a way to break this property, and prints how long it is.
fn fails(name: &str, world: &World, property: &'static str) {
    let threads = available_parallelism().map_or(1, usize::from);
    let first = HasDiscoveries::AnyOf([property].into());
    let checker = world.clone().checker().threads(threads).finish_when(first).spawn_bfs().join();
    let path = checker.discovery(property).unwrap_or_else(|| panic!("{name} breaks nothing"));
    println!("without the rule ({name}): \"{property}\" breaks after {} steps", path.into_actions().len());
}
