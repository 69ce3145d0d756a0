use crate::protocol::Token;

/// What a client keeps, shared by its tabs.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) token: Token,
    /// The key of the token's requests, from the first attempt on.
    pub(crate) key: Option<u64>,
    pub(crate) renewed_at: i64,
}

impl Store {
    /// After log-in.
    pub(crate) fn log_in() -> Self {
        Self { token: Token::FIRST, key: None, renewed_at: 0 }
    }

    /// The token's key: an atomic get-or-create.
    pub(crate) fn key(&mut self, make: impl FnOnce(Token) -> u64) -> u64 {
        *self.key.get_or_insert_with(|| make(self.token))
    }

    /// Keeps `new` if the store still holds what was `sent`.
    pub(crate) fn replace(&mut self, sent: Token, new: Token, now: i64) {
        if self.token == sent {
            *self = Self { token: new, key: None, renewed_at: now };
        }
    }
}
