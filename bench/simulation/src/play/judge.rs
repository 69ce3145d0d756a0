//! Whether a thief got more than Tokenry's bound allows, seen from the requests alone.

use crate::protocol::{Answer, Token};

/// Watches the requests of both parties after a theft.
pub(crate) struct Judge {
    keyed: bool,
    loot: Option<(Token, Option<u64>)>,
    owner: Seen,
    thief: Seen,
    /// Of a plain session: the tokens that the owner has presented since the two last met within W.
    owner_tokens: u32,
    pub(crate) breach: bool,
}

/// Who sends a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Owner,
    Thief,
}

#[derive(Default)]
struct Seen {
    at: Option<i64>,
    token: Option<Token>,
}

impl Judge {
    pub(crate) fn new(keyed: bool) -> Self {
        let (owner, thief) = (Seen::default(), Seen::default());
        Self { keyed, loot: None, owner, thief, owner_tokens: 0, breach: false }
    }

    /// The store was copied: it held this token and, if it had been sent already, its key.
    pub(crate) fn stolen(&mut self, token: Token, key: Option<u64>) {
        self.loot = Some((token, key));
    }

    /// A request and its answer. Before the theft they say nothing.
    pub(crate) fn saw(&mut self, party: Party, token: Token, key: Option<u64>, answer: Answer, now: i64) {
        let Some(loot) = self.loot else { return };
        // A straggler of the refresh before the theft says nothing of the stolen token.
        if token.generation < loot.0.generation {
            return;
        }
        if self.keyed {
            // The captured request itself is whoever's; and "stale" neither gives nor changes anything.
            let is_captured = key.is_some() && loot == (token, key);
            if !is_captured && answer != Answer::Stale {
                self.saw_keyed(party, answer, now);
            }
        } else {
            self.saw_plain(party, token, answer, now);
        }
    }

    /// The first request of whichever comes second ends the session.
    fn saw_keyed(&mut self, party: Party, answer: Answer, now: i64) {
        let (own, other) = match party {
            Party::Owner => (&mut self.owner, &self.thief),
            Party::Thief => (&mut self.thief, &self.owner),
        };
        own.at = Some(now);
        self.breach |= other.at.is_some() && matches!(answer, Answer::Pair(_));
    }

    /// While the two act more than W apart, the thief gets nothing after the owner's second refresh.
    fn saw_plain(&mut self, party: Party, token: Token, answer: Answer, now: i64) {
        let (own, other) = match party {
            Party::Owner => (&mut self.owner, &self.thief),
            Party::Thief => (&mut self.thief, &self.owner),
        };
        let has_moved = own.token.replace(token) != Some(token);
        own.at = Some(now);
        match party {
            // Within W they may have come to share a token: as if it were stolen only now. A straggler that presents
            // the owner's token once more belongs to the refresh in which they met.
            _ if other.at.is_some_and(|at| now - at <= WINDOW) => self.owner_tokens = 0,
            Party::Owner => self.owner_tokens += u32::from(has_moved),
            Party::Thief => self.breach |= self.owner_tokens >= 2 && matches!(answer, Answer::Pair(_)),
        }
    }
}

const WINDOW: i64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn pair(number: u64) -> Answer {
        Answer::Pair(Token::number(number))
    }

    fn judge(keyed: bool) -> Judge {
        let mut judge = Judge::new(keyed);
        judge.stolen(Token::FIRST, None);
        judge
    }

    #[test]
    fn a_second_party_with_a_pair_is_a_breach_of_a_keyed_session() {
        let mut judge = judge(true);
        judge.saw(Party::Thief, Token::FIRST, Some(2), pair(1), 0);
        judge.saw(Party::Owner, Token::FIRST, Some(1), Answer::Stale, 1);
        assert!(!judge.breach);
        judge.saw(Party::Owner, Token::FIRST, Some(1), pair(1), 20_000);
        assert!(judge.breach);
    }

    #[test]
    fn a_captured_request_gains_one_repeat() {
        let mut judge = Judge::new(true);
        judge.stolen(Token::FIRST, Some(1));
        judge.saw(Party::Thief, Token::FIRST, Some(1), pair(1), 0);
        judge.saw(Party::Owner, Token::FIRST, Some(1), pair(1), 1);
        judge.saw(Party::Owner, Token::number(1), Some(3), pair(2), HOUR);
        assert!(!judge.breach);
        judge.saw(Party::Thief, Token::number(1), Some(2), pair(2), 2 * HOUR);
        assert!(judge.breach);
    }

    #[test]
    fn a_pair_for_the_thief_after_the_owners_second_refresh_is_a_breach_of_a_plain_session() {
        let mut judge = judge(false);
        judge.saw(Party::Owner, Token::FIRST, None, pair(1), HOUR);
        judge.saw(Party::Thief, Token::FIRST, None, pair(1), 2 * HOUR);
        judge.saw(Party::Owner, Token::number(1), None, pair(2), 3 * HOUR);
        assert!(!judge.breach);
        judge.saw(Party::Thief, Token::number(1), None, pair(2), 4 * HOUR);
        assert!(judge.breach);
    }

    #[test]
    fn a_straggler_that_presents_what_was_replaced_before_the_theft_does_not_count() {
        let mut judge = Judge::new(true);
        judge.stolen(Token::number(1), None);
        judge.saw(Party::Owner, Token::FIRST, Some(1), pair(1), 0);
        judge.saw(Party::Thief, Token::number(1), Some(2), pair(2), HOUR);
        assert!(!judge.breach);
    }

    #[test]
    fn two_who_meet_within_the_window_begin_anew() {
        let mut judge = judge(false);
        judge.saw(Party::Owner, Token::FIRST, None, pair(1), HOUR);
        judge.saw(Party::Owner, Token::number(1), None, pair(2), 2 * HOUR);
        judge.saw(Party::Thief, Token::number(1), None, pair(2), 2 * HOUR + WINDOW);
        judge.saw(Party::Owner, Token::number(1), None, pair(2), 2 * HOUR + 3 * WINDOW);
        judge.saw(Party::Owner, Token::number(2), None, pair(3), 3 * HOUR);
        judge.saw(Party::Thief, Token::number(2), None, pair(3), 4 * HOUR);
        assert!(!judge.breach);
    }
}
