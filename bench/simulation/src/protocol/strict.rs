use super::{Answer, Protocol, Token};

/// Each token is good for one request; any later one ends the session.
#[derive(Default)]
pub(crate) struct Strict {
    newest: u64,
    ended: bool,
}

impl Protocol for Strict {
    fn refresh(&mut self, token: Token, _key: Option<u64>, _now: i64) -> Answer {
        if self.ended {
            return Answer::Ended;
        }
        if token.generation != self.newest {
            self.ended = true;
            return Answer::Reused;
        }
        self.newest += 1;
        Answer::Pair(Token::number(self.newest))
    }
}
