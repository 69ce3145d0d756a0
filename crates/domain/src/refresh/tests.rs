use proptest::prelude::*;

use super::*;

const W: Duration = Duration::from_secs(10);
const START: Timestamp = Timestamp::from_seconds(1_000_000);
const A: Option<RequestKey> = Some(RequestKey([1; 32]));
const B: Option<RequestKey> = Some(RequestKey([2; 32]));

/// A session, and the clock it is asked by.
struct Row {
    state: RefreshState,
    now: Timestamp,
}

impl Row {
    fn new(key: Option<RequestKey>) -> Self {
        Self { state: RefreshState::initial(key), now: START }
    }

    fn later(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    fn ask(&self, (generation, ordinal): (u64, u32), key: Option<RequestKey>) -> Decision {
        let presented = Presented { position: Position { generation, ordinal }, key, held: Duration::ZERO };
        decide(&self.state, false, presented, W, self.now)
    }

    /// Asks, and writes what is to be written. Names the decision and the token handed out.
    fn present(&mut self, position: (u64, u32), key: Option<RequestKey>) -> (&'static str, Option<(u64, u32)>) {
        let name = match self.ask(position, key) {
            Decision::Ended => return ("ended", None),
            Decision::Reuse => return ("reuse", None),
            Decision::Stale => return ("stale", None),
            Decision::Held => return ("held", None),
            Decision::Rotate { next, fast_forward } => {
                self.state = next;
                if fast_forward { "fast forward" } else { "rotate" }
            }
            Decision::Fork { next } => {
                self.state = next;
                "fork"
            }
            Decision::Repeat { next } => {
                let written = next.is_some();
                self.state = next.unwrap_or_else(|| self.state.clone());
                if written { "repeat, written" } else { "repeat" }
            }
        };
        (name, self.state.child_position().map(|child| (child.generation, child.ordinal)))
    }
}

#[test]
fn an_ended_session_is_ended_whatever_is_presented() {
    let presented = Presented { position: Position { generation: 0, ordinal: 0 }, key: A, held: Duration::ZERO };
    assert_eq!(decide(&RefreshState::initial(None), true, presented, W, START), Decision::Ended);
}

#[test]
fn what_was_held_for_longer_than_the_window_accuses_no_one() {
    let mut row = Row::new(A);
    row.present((0, 0), A);
    for (held, decision) in [(W, Decision::Reuse), (W + Duration::from_millis(1), Decision::Held)] {
        let presented = Presented { position: Position { generation: 0, ordinal: 0 }, key: B, held };
        assert_eq!(decide(&row.state, false, presented, W, row.now), decision);
        assert_eq!(decide(&row.state, true, presented, W, row.now), Decision::Ended);
        // What is not an accusation is decided as ever.
        let own = Presented { key: A, ..presented };
        assert_eq!(decide(&row.state, false, own, W, row.now), Decision::Repeat { next: None });
    }
}

#[test]
fn an_access_token_may_refuse_a_pair_and_a_missing_one_where_it_is_required() {
    let table = [
        (Beside::Nothing, true, false),
        (Beside::Forgotten, true, false),
        (Beside::Same, true, true),
        (Beside::Other, false, false),
        (Beside::Forged, false, false),
    ];
    for (beside, passes, passes_where_required) in table {
        assert_eq!(beside.check(false).is_ok(), passes, "{beside:?}");
        assert_eq!(beside.check(true).is_ok(), passes_where_required, "{beside:?}");
    }
}

#[test]
fn a_keyed_session_without_a_key_is_reuse() {
    assert_eq!(Row::new(A).present((0, 0), None), ("reuse", None));
}

#[test]
fn the_normal_case_rotates_and_each_child_is_the_receipt_for_itself() {
    let mut row = Row::new(None);
    for generation in 0..20 {
        assert_eq!(row.later(3600).present((generation, 0), None), ("rotate", Some((generation + 1, 0))));
    }
}

#[test]
fn parallel_requests_of_a_plain_client_repeat_without_a_write() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    assert_eq!(row.later(10).present((0, 0), None), ("repeat", Some((1, 0))));
    assert_eq!(row.later(1).present((0, 0), None), ("fork", Some((1, 1))));
}

#[test]
fn a_lost_answer_forks_and_the_sibling_that_is_used_kills_the_other() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    row.later(60).present((0, 0), None);
    assert_eq!(row.later(60).present((1, 1), None), ("rotate", Some((2, 0))));
    assert_eq!(row.present((1, 0), None), ("reuse", None));
}

#[test]
fn the_elder_sibling_may_be_the_one_that_is_used() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    row.later(60).present((0, 0), None);
    assert_eq!(row.present((1, 0), None), ("rotate", Some((2, 0))));
    assert_eq!(row.present((1, 1), None), ("reuse", None));
}

#[test]
fn the_same_key_repeats_however_late_and_re_dates_an_old_child() {
    let mut row = Row::new(A);
    row.present((0, 0), B);
    assert_eq!(row.later(10).present((0, 0), B), ("repeat", Some((1, 0))));
    assert_eq!(row.later(86_400).present((0, 0), B), ("repeat, written", Some((1, 0))));
    assert_eq!(row.state.child.unwrap().issued_at, row.now);
}

#[test]
fn another_key_on_the_same_token_is_reuse_at_any_age() {
    let mut row = Row::new(A);
    row.present((0, 0), A);
    assert_eq!(row.present((0, 0), B), ("reuse", None));
    assert_eq!(row.later(86_400).present((0, 0), B), ("reuse", None));
}

#[test]
fn a_first_key_on_a_plain_child_makes_the_session_keyed() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    assert_eq!(row.present((0, 0), A), ("repeat, written", Some((1, 0))));
    assert_eq!(row.present((0, 0), A), ("repeat", Some((1, 0))));
    assert_eq!(row.present((1, 0), None), ("reuse", None));
}

#[test]
fn a_late_duplicate_within_the_window_is_stale() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    row.present((1, 0), None);
    assert_eq!(row.later(10).present((0, 0), None), ("stale", None));
    assert_eq!(row.later(1).present((0, 0), None), ("reuse", None));
}

#[test]
fn receipts_reach_back_four_generations() {
    let mut row = Row::new(None);
    for generation in 0..=5 {
        row.present((generation, 0), None);
    }
    let answers: Vec<&str> = (0..5).map(|generation| row.present((generation, 0), None).0).collect();
    assert_eq!(answers, ["reuse", "stale", "stale", "stale", "stale"]);
}

#[test]
fn a_keyed_duplicate_one_generation_late_is_stale_at_any_age() {
    let mut row = Row::new(A);
    row.present((0, 0), A);
    row.present((1, 0), B);
    assert_eq!(row.later(3600).present((0, 0), A), ("stale", None));
    assert_eq!(row.present((0, 0), B), ("reuse", None));
}

#[test]
fn a_client_ahead_of_a_restored_row_is_followed() {
    let mut row = Row::new(None);
    assert_eq!(row.present((7, 2), None), ("fast forward", Some((8, 0))));
    assert_eq!(row.present((5, 0), None), ("stale", None));
    assert_eq!(row.later(11).present((5, 0), None), ("reuse", None));
}

#[test]
fn a_child_that_the_restored_row_forgot_is_followed() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    assert_eq!(row.present((1, 1), None), ("fast forward", Some((2, 0))));
}

#[test]
fn a_dead_sibling_of_a_passed_generation_is_stale_within_the_window_only() {
    let mut row = Row::new(None);
    row.present((0, 0), None);
    row.later(60).present((0, 0), None);
    row.present((1, 1), None);
    row.present((2, 0), None);
    assert_eq!(row.present((1, 0), None), ("stale", None));
    assert_eq!(row.later(11).present((1, 0), None), ("reuse", None));
}

#[test]
fn the_last_generation_is_not_passed() {
    let mut row = Row::new(None);
    assert_eq!(row.present((u64::MAX, 0), None), ("reuse", None));
}

fn key() -> impl Strategy<Value = Option<RequestKey>> {
    prop_oneof![Just(None), Just(A), Just(B)]
}

proptest! {
    /// Whatever is presented in whatever order: nothing breaks, and what holds of every row holds.
    #[test]
    fn no_sequence_breaks_a_row(
        first in key(),
        steps in prop::collection::vec((0..6_u64, 0..3_u32, key(), 0..40_u64), 1..60),
    ) {
        let mut row = Row::new(first);
        for (generation, ordinal, key, seconds) in steps {
            let before = row.state.clone();
            row.later(seconds);
            let (name, handed_out) = row.present((generation, ordinal), key);
            let after = &row.state;
            prop_assert!(after.keyed >= before.keyed, "keyed is for good");
            prop_assert!(after.keyed || key.is_none() || handed_out.is_none());
            prop_assert!(after.head.generation >= before.head.generation, "head never goes back");
            prop_assert_eq!(handed_out.is_some(), !matches!(name, "reuse" | "stale" | "ended"));
            prop_assert!(handed_out.is_none_or(|(child, _)| child == after.head.generation + 1));
            prop_assert_eq!(before == *after, matches!(name, "reuse" | "stale" | "repeat"));
            prop_assert!(after.latest().is_none_or(|latest| latest <= row.now));
        }
    }

    /// A plain client whose answers get lost at random, and that retries whenever it likes, is never logged out.
    #[test]
    fn an_honest_plain_client_is_never_logged_out(
        rounds in prop::collection::vec((any::<bool>(), 0..100_000_u64), 1..80),
    ) {
        let mut row = Row::new(None);
        let mut held = (0, 0);
        for (answer_arrives, pause) in rounds {
            let (name, handed_out) = row.later(pause).present(held, None);
            prop_assert!(handed_out.is_some(), "{}", name);
            if answer_arrives {
                held = handed_out.unwrap();
            }
        }
    }

    /// A keyed client makes one key for each token that it stores, and uses it for all attempts with that token.
    #[test]
    fn an_honest_keyed_client_is_never_logged_out(
        rounds in prop::collection::vec((any::<bool>(), 0..100_000_u64), 1..80),
    ) {
        let mut row = Row::new(Some(RequestKey([255; 32])));
        let mut held = (0, 0);
        for (answer_arrives, pause) in rounds {
            let own = Some(RequestKey([u8::try_from(held.0).unwrap(); 32]));
            let (name, handed_out) = row.later(pause).present(held, own);
            prop_assert!(handed_out.is_some(), "{}", name);
            if answer_arrives {
                held = handed_out.unwrap();
            }
        }
    }

    /// Owner and thief of a keyed token have different keys: whoever comes second ends the session.
    #[test]
    fn of_two_parties_on_a_keyed_session_the_second_ends_it(pause in 0..100_000_u64) {
        let mut row = Row::new(A);
        prop_assert_eq!(row.present((0, 0), A).0, "rotate");
        prop_assert_eq!(row.later(pause).present((0, 0), B).0, "reuse");
    }
}
