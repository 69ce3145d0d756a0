//! The refresh protocol: one pure function decides what a presented refresh token means.
//!
//! A session's tokens stand in a line of generations. `head` is the newest one that the client has proven to hold,
//! `child` the newest successor handed out for it. Presenting a child is the receipt for it. A second successor of one
//! head (a sibling) exists only when an answer was lost, and dies when another sibling is used: whoever presents a dead
//! one shows that two parties hold the session (RFC 9700 section 4.14.2).

use std::time::Duration;

use crate::time::Timestamp;

/// What a session's row remembers of its refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshState {
    /// The newest position that the client has proven to hold.
    pub head: Position,
    /// The key of the request that made `head`.
    pub parent_key: Option<RequestKey>,
    /// The newest successor handed out for `head`.
    pub child: Option<Child>,
    /// When `head` last moved, newest first.
    pub receipts: Receipts,
    /// Whether this session's client uses keys. Once true, it stays true.
    pub keyed: bool,
}

/// A place in a session's line of refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The `gen` claim: how many tokens lie before it.
    pub generation: u64,
    /// The `ord` claim: which sibling of its generation.
    pub ordinal: u32,
}

/// A successor that was handed out and not yet seen again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Child {
    /// Its `ord`; its generation is the head's plus one.
    pub ordinal: u32,
    /// When it was made or last re-dated: the `iat` of its token.
    pub issued_at: Timestamp,
    /// The key of the request that made it.
    pub key: Option<RequestKey>,
}

/// SHA-256 of a request's `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey(pub [u8; 32]);

/// When `head` moved the last four times, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Receipts(pub [Option<Timestamp>; 4]);

/// What a request presents: a position whose token has passed signature, `typ`, `jti` and `exp`, and the request's key.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// The token's place.
    pub position: Position,
    /// The request's key, if it has one.
    pub key: Option<RequestKey>,
    /// How long it has waited in this server: for a database, or because the process was suspended.
    pub held: Duration,
}

/// The access token that a refresh token came with: the other half of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beside {
    /// None came.
    Nothing,
    /// One whose key has been forgotten: nothing can be said about it any more.
    Forgotten,
    /// A genuine one of the same session, of whatever age.
    Same,
    /// A genuine one of another session.
    Other,
    /// One that is not genuine.
    Forged,
}

impl Beside {
    /// Whether the refresh token may be judged at all. A wrong access token is never overlooked; a missing one is, unless
    /// it is `required`.
    ///
    /// # Errors
    ///
    /// What is wrong with the pair.
    pub const fn check(self, required: bool) -> Result<(), &'static str> {
        match self {
            Self::Same => Ok(()),
            Self::Nothing | Self::Forgotten if required => Err("it is required"),
            Self::Nothing | Self::Forgotten => Ok(()),
            Self::Other => Err("it is of another session"),
            Self::Forged => Err("it is not genuine"),
        }
    }
}

/// What to do with a presented refresh token. A `next` state is to be written by compare-and-swap before the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The session is revoked or over.
    Ended,
    /// Two parties hold this session: end it.
    Reuse,
    /// It looks like [`Self::Reuse`], but was held here for longer than W: it may be a duplicate that was in time. Answer
    /// 503, change nothing.
    Held,
    /// A late duplicate: answer 409, change nothing.
    Stale,
    /// Hand out `next`'s child, a new one.
    Rotate {
        /// The state to write.
        next: RefreshState,
        /// The row was behind the client: a back-up was restored. To be audited.
        fast_forward: bool,
    },
    /// Hand out `next`'s child, a sibling of one whose answer was lost.
    Fork {
        /// The state to write.
        next: RefreshState,
    },
    /// Hand out the same child again.
    Repeat {
        /// The state to write, if anything changed.
        next: Option<RefreshState>,
    },
}

/// Decides what `presented` means for a session in `state`. `now` must not lie before [`RefreshState::latest`];
/// `window` is W, the repeat window.
pub fn decide(state: &RefreshState, ended: bool, presented: Presented, window: Duration, now: Timestamp) -> Decision {
    match judge(state, ended, presented, window, now) {
        Decision::Reuse if presented.held > window => Decision::Held,
        decision => decision,
    }
}

/// The table, read from the top.
fn judge(state: &RefreshState, ended: bool, presented: Presented, window: Duration, now: Timestamp) -> Decision {
    let Presented { position, key, held: _ } = presented;
    if ended {
        return Decision::Ended;
    }
    if state.keyed && key.is_none() {
        return Decision::Reuse;
    }
    if position == state.head {
        let Some(child) = state.child else {
            return Decision::Rotate { next: state.with_child(0, key, now), fast_forward: false };
        };
        let recent = now.since(child.issued_at) <= window;
        return match child.key {
            Some(made_by) if Some(made_by) != key => Decision::Reuse,
            Some(_) if recent => Decision::Repeat { next: None },
            Some(_) => Decision::Repeat { next: Some(state.with_child(child.ordinal, key, now)) },
            // A first key makes the session keyed, even where the child stays as it is.
            None if recent => Decision::Repeat {
                next: (key.is_some() && !state.keyed).then(|| RefreshState { keyed: true, ..state.clone() }),
            },
            None => match child.ordinal.checked_add(1) {
                Some(ordinal) => Decision::Fork { next: state.with_child(ordinal, key, now) },
                None => Decision::Reuse,
            },
        };
    }
    if position.generation > state.head.generation {
        let parent_key = state.child_at(position).and_then(|child| child.key);
        let fast_forward = state.child_at(position).is_none();
        return match position.generation.checked_add(1) {
            Some(_) => Decision::Rotate {
                next: state.moved_to(position, parent_key, now).with_child(0, key, now),
                fast_forward,
            },
            None => Decision::Reuse,
        };
    }
    if state.replaced_lately(position.generation, window, now) || state.is_parents_duplicate(presented) {
        return Decision::Stale;
    }
    Decision::Reuse
}

impl RefreshState {
    /// The state at log-in: the first token is handed out, and counts as held. `key` is that of the log-in request.
    pub fn initial(key: Option<RequestKey>) -> Self {
        Self {
            head: Position { generation: 0, ordinal: 0 },
            parent_key: key,
            child: None,
            receipts: Receipts::default(),
            keyed: key.is_some(),
        }
    }

    /// The newest moment that this state has seen.
    pub fn latest(&self) -> Option<Timestamp> {
        self.child.map(|child| child.issued_at).max(self.receipts.0[0])
    }

    /// The position of the newest successor handed out.
    pub fn child_position(&self) -> Option<Position> {
        self.child.map(|child| Position { generation: self.head.generation + 1, ordinal: child.ordinal })
    }

    /// The child that `position` names: the newest one, or an elder sibling of it.
    fn child_at(&self, position: Position) -> Option<Child> {
        let newest = self.child?;
        let is_child = position.generation == self.head.generation + 1 && position.ordinal <= newest.ordinal;
        // Only a child without a key is ever forked, so an elder sibling had none.
        is_child.then(|| Child { key: newest.key.filter(|_| position.ordinal == newest.ordinal), ..newest })
    }

    fn with_child(&self, ordinal: u32, key: Option<RequestKey>, now: Timestamp) -> Self {
        Self { child: Some(Child { ordinal, issued_at: now, key }), keyed: self.keyed || key.is_some(), ..self.clone() }
    }

    fn moved_to(&self, position: Position, parent_key: Option<RequestKey>, now: Timestamp) -> Self {
        Self {
            head: position,
            parent_key,
            child: None,
            receipts: self.receipts.after(position.generation - self.head.generation, now),
            keyed: self.keyed,
        }
    }

    /// Whether `generation` gave way to its successor at most `window` ago, as far as the receipts reach back.
    fn replaced_lately(&self, generation: u64, window: Duration, now: Timestamp) -> bool {
        let back = self.head.generation.checked_sub(generation + 1).and_then(|back| usize::try_from(back).ok());
        let replaced_at = back.and_then(|back| self.receipts.0.get(back).copied().flatten());
        replaced_at.is_some_and(|at| now.since(at) <= window)
    }

    /// Whether this is the request that made `head`, once more.
    fn is_parents_duplicate(&self, presented: Presented) -> bool {
        presented.position.generation.checked_add(1) == Some(self.head.generation)
            && presented.key.is_some()
            && presented.key == self.parent_key
    }
}

impl Receipts {
    /// The receipts after head moved `generations` ahead at `now`: every generation passed was replaced by now.
    fn after(self, generations: u64, now: Timestamp) -> Self {
        let mut moved = [Some(now); 4];
        let passed = usize::try_from(generations).unwrap_or(usize::MAX).min(moved.len());
        let kept = moved.len() - passed;
        moved[passed..].copy_from_slice(&self.0[..kept]);
        Self(moved)
    }
}

impl RequestKey {
    /// The key of a request whose `Idempotency-Key` has these bytes.
    pub fn of(header: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, header);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

#[cfg(test)]
mod tests;
