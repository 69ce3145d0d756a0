use super::{Answer, Protocol, Token};

/// A replaced token gives another pair for 30 seconds, each as good as the first; later it ends the session.
pub(crate) struct Grace {
    /// When each token handed out was first used.
    used: Vec<Option<i64>>,
    ended: bool,
}

impl Grace {
    pub(crate) fn log_in() -> Self {
        Self { used: vec![None], ended: false }
    }
}

impl Protocol for Grace {
    fn refresh(&mut self, token: Token, _key: Option<u64>, now: i64) -> Answer {
        if self.ended {
            return Answer::Ended;
        }
        let number = usize::try_from(token.generation).expect("a token that was handed out");
        if now - *self.used[number].get_or_insert(now) > GRACE {
            self.ended = true;
            return Answer::Reused;
        }
        self.used.push(None);
        Answer::Pair(Token::number(self.used.len() as u64 - 1))
    }
}

const GRACE: i64 = 30_000;
