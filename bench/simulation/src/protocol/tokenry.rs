use std::time::Duration;

use tokenry_domain::refresh::{Decision, Position, Presented, RefreshState, RequestKey, decide};
use tokenry_domain::time::Timestamp;

use super::{Answer, Protocol, Token};

/// The real decision, on a row in memory. Requests come one after another: losing a compare-and-swap means to read
/// again and so to come later.
pub(crate) struct Tokenry {
    pub(crate) state: RefreshState,
    pub(crate) ended: bool,
}

impl Tokenry {
    /// A session begun by a log-in with this key.
    pub(crate) fn log_in(key: Option<u64>) -> Self {
        Self { state: RefreshState::initial(key.map(request_key)), ended: false }
    }
}

impl Protocol for Tokenry {
    fn refresh(&mut self, token: Token, key: Option<u64>, now: i64) -> Answer {
        let position = Position { generation: token.generation, ordinal: token.ordinal };
        let presented = Presented { position, key: key.map(request_key), held: Duration::ZERO };
        match decide(&self.state, self.ended, presented, WINDOW, START + Duration::from_millis(now.unsigned_abs())) {
            Decision::Ended => return Answer::Ended,
            Decision::Stale => return Answer::Stale,
            Decision::Held => unreachable!("nothing is held"),
            Decision::Reuse => {
                self.ended = true;
                return Answer::Reused;
            }
            Decision::Rotate { next, .. } | Decision::Fork { next } | Decision::Repeat { next: Some(next) } => {
                self.state = next;
            }
            Decision::Repeat { next: None } => {}
        }
        let child = self.state.child_position().expect("a pair was decided upon");
        Answer::Pair(Token { generation: child.generation, ordinal: child.ordinal })
    }
}

/// The `Idempotency-Key` of a key.
pub(crate) fn header(key: u64) -> String {
    format!("{key:016x}")
}

fn request_key(key: u64) -> RequestKey {
    RequestKey::of(header(key).as_bytes())
}

const WINDOW: Duration = Duration::from_secs(10);
/// When every session begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_764_000_000);
