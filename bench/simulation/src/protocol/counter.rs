use super::{Answer, Protocol, Token};

/// The newest token counts on, its parent gives the newest again for ever, an older one ends the session.
#[derive(Default)]
pub(crate) struct Counter {
    newest: u64,
    ended: bool,
}

impl Protocol for Counter {
    fn refresh(&mut self, token: Token, _key: Option<u64>, _now: i64) -> Answer {
        if self.ended {
            return Answer::Ended;
        }
        if token.generation == self.newest {
            self.newest += 1;
        } else if token.generation + 1 != self.newest {
            self.ended = true;
            return Answer::Reused;
        }
        Answer::Pair(Token::number(self.newest))
    }
}
