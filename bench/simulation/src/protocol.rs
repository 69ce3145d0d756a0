//! What a refresh protocol is to its clients.

mod counter;
mod grace;
mod strict;
mod tokenry;

pub(crate) use counter::Counter;
pub(crate) use grace::Grace;
pub(crate) use strict::Strict;
pub(crate) use tokenry::{START, Tokenry, header};

/// One session on a server.
pub(crate) trait Protocol {
    /// Exchanges `token` at `now`, in milliseconds after log-in.
    fn refresh(&mut self, token: Token, key: Option<u64>, now: i64) -> Answer;
}

/// A refresh token by its place in the session; a protocol without siblings only counts `generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token {
    pub(crate) generation: u64,
    pub(crate) ordinal: u32,
}

impl Token {
    /// The one that log-in hands out.
    pub(crate) const FIRST: Self = Self::number(0);

    /// The only one of its generation.
    pub(crate) const fn number(generation: u64) -> Self {
        Self { generation, ordinal: 0 }
    }
}

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// A pair with this refresh token.
    Pair(Token),
    /// A late duplicate: nothing has changed.
    Stale,
    /// Two parties hold this session: it has just been ended.
    Reused,
    /// The session was ended before.
    Ended,
}
