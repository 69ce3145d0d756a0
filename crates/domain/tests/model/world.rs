//! Everything that can happen to one session: its client, the network, the server's nodes and its back-up, and a thief.

use std::time::Duration;

use stateright::{Model, Property};
use tokenry_domain::refresh::{Decision, Position, Presented, RefreshState, RequestKey};
use tokenry_domain::time::Timestamp;

/// How a presented token is decided upon: production's function, or a broken variant of it.
pub(crate) type Decide = fn(&RefreshState, bool, Presented, Duration, Timestamp) -> Decision;

/// What may happen, and how often.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) decide: Decide,
    /// Whether the owner's client uses keys.
    pub(crate) keyed: bool,
    /// Whether it already did at log-in.
    pub(crate) login_key: bool,
    /// Whether an answer is kept only if the store still holds the token that was sent; otherwise the last one wins.
    pub(crate) compares: bool,
    /// Requests that the owner sends at most; tabs share a store, so that more than one may be under way.
    pub(crate) sends: u8,
    /// Requests that the thief sends at most; none: there is no thief.
    pub(crate) thefts: u8,
    /// Whether the thief copies the key of the stored token along with it: a captured request.
    pub(crate) captures: bool,
    /// Whether the two parties' requests reach the server more than W apart.
    pub(crate) apart: bool,
    /// How often more than W passes.
    pub(crate) passes: u8,
    /// Whether a request may arrive after that, at most one generation late; otherwise at most four.
    pub(crate) late: bool,
    /// Messages under way at once, of each kind.
    pub(crate) under_way: usize,
    /// Requests that the network repeats.
    pub(crate) repeats: u8,
    /// Requests that nodes work on at once. A node reads the row and commits by compare-and-swap later.
    pub(crate) nodes: usize,
    /// How often the row is restored from a back-up, made at any moment before.
    pub(crate) restores: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: Row,
    backup: Option<Row>,
    time: u8,
    store: Position,
    thief: Option<Position>,
    stolen: Option<Position>,
    requests: Vec<Request>,
    working: Vec<(Request, Row)>,
    answers: Vec<Answer>,
    sends_left: u8,
    thefts_left: u8,
    repeats_left: u8,
    restores_left: u8,
    /// Who came to the server last, and when.
    last: Option<(Party, u8)>,
    pub(crate) seen: Seen,
}

/// What the properties are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    /// Which party got a pair for the stolen token or one after it: owner, thief.
    pub(crate) succeeded: [bool; 2],
    /// Pairs that the owner received after the thief's first one.
    owner_between: u8,
    /// The thief got a pair after the owner's second one.
    pub(crate) overtaken: bool,
    /// A decision wrote what it need not, or did not write what it must.
    pub(crate) wrong_write: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) refresh: RefreshState,
    pub(crate) is_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Party {
    Owner,
    Thief,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    party: Party,
    position: Position,
    key: Option<RequestKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    party: Party,
    sent: Position,
    got: Position,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A tab, or the thief, sends what its store holds. `true`: with a key.
    Send(Party, bool),
    Repeat(usize),
    LoseRequest(usize),
    /// A node reads the row and decides.
    Receive(usize),
    /// It commits, if the row is still the one that it read; otherwise it reads again.
    Commit(usize),
    /// It crashes before it commits. (After it: the answer is lost.)
    Crash(usize),
    LoseAnswer(usize),
    Arrive(usize),
    /// More than W passes. What is under way by then is lost, unless requests may be late.
    Pass,
    BackUp,
    Restore,
    Steal,
}

/// W, and the time that one [`Action::Pass`] takes.
const WINDOW: Duration = Duration::from_secs(10);
const STEP: i64 = 11;

impl World {
    fn now(state: &State) -> Timestamp {
        Timestamp::from_seconds(STEP * i64::from(state.time))
    }

    /// The one key that a party makes for a token, whenever it makes it.
    fn key(party: Party, position: Position) -> RequestKey {
        let mut bytes = [0; 32];
        bytes[0] = party as u8 + 1;
        bytes[1..9].copy_from_slice(&position.generation.to_be_bytes());
        bytes[9..13].copy_from_slice(&position.ordinal.to_be_bytes());
        RequestKey(bytes)
    }

    pub(crate) fn judge(&self, row: &Row, position: Position, key: Option<RequestKey>, now: Timestamp) -> Decision {
        (self.decide)(&row.refresh, row.is_over, Presented { position, key }, WINDOW, now)
    }

    /// What becomes of the row, and what is answered.
    fn outcome(decision: Decision) -> (Option<Row>, Option<()>) {
        let row = |refresh| Row { refresh, is_over: false };
        match decision {
            Decision::Rotate { next, .. } | Decision::Fork { next } => (Some(row(next)), Some(())),
            Decision::Repeat { next } => (next.map(row), Some(())),
            Decision::Ended | Decision::Stale | Decision::Reuse => (None, None),
        }
    }

    /// Decides on the row as read. What needs no commit is answered at once.
    fn work(&self, state: &mut State, request: Request, read: Row) {
        let decision = self.judge(&read, request.position, request.key, Self::now(state));
        let writes = match &decision {
            Decision::Rotate { next, .. } | Decision::Fork { next } => *next != read.refresh,
            Decision::Repeat { next: Some(next) } => request.key.is_some() && *next != read.refresh,
            Decision::Repeat { next: None } | Decision::Ended | Decision::Stale | Decision::Reuse => true,
        };
        state.seen.wrong_write |= !writes;
        let needs_commit = decision == Decision::Reuse || Self::outcome(decision.clone()).0.is_some();
        match needs_commit {
            true if self.nodes > 1 => state.working.push((request, read)),
            true => self.commit(state, request, &read),
            false => {
                if Self::outcome(decision).1.is_some() {
                    self.answer(state, request, &read);
                }
            }
        }
    }

    fn commit(&self, state: &mut State, request: Request, read: &Row) {
        let decision = self.judge(read, request.position, request.key, Self::now(state));
        if decision == Decision::Reuse {
            state.row.is_over = true;
        } else if let (Some(next), Some(())) = Self::outcome(decision) {
            state.row = next.clone();
            self.answer(state, request, &next);
        }
    }

    /// The pair that a request gets: the newest child of the row.
    fn answer(&self, state: &mut State, request: Request, row: &Row) {
        let got = row.refresh.child_position().unwrap_or(row.refresh.head);
        if let Some(stolen) = state.stolen {
            // A captured request is repeated once: that much its thief gains.
            let counts = request.position.generation >= stolen.generation + u64::from(self.captures);
            if counts {
                state.seen.succeeded[request.party as usize] = true;
                state.seen.overtaken |= request.party == Party::Thief && state.seen.owner_between >= 2;
            }
        }
        state.answers.push(Answer { party: request.party, sent: request.position, got });
    }

    fn can_receive(&self, state: &State, request: &Request) -> bool {
        let is_apart = state.last.is_none_or(|(party, at)| party == request.party || at < state.time);
        let head = state.row.refresh.head.generation;
        let behind = head.saturating_sub(request.position.generation);
        // What the client may assume of the network: it delivers before more than four renewals, or one if it may be late.
        let is_lost = request.party == Party::Owner && behind > if self.late { 1 } else { 4 };
        (is_apart || !self.apart) && !is_lost && state.working.len() < self.nodes
    }

    /// Two lists of the same messages are one state.
    fn sorted(mut state: State) -> State {
        state.requests.sort_by_key(|request| (request.party, request.position.generation, request.position.ordinal));
        state.answers.sort_by_key(|answer| {
            (answer.party, answer.sent.generation, answer.sent.ordinal, answer.got.generation, answer.got.ordinal)
        });
        state.answers.dedup();
        state
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let first = Position { generation: 0, ordinal: 0 };
        let key = self.login_key.then_some(RequestKey([255; 32]));
        vec![State {
            row: Row { refresh: RefreshState::initial(key), is_over: false },
            backup: None,
            time: 0,
            store: first,
            thief: None,
            stolen: None,
            requests: Vec::new(),
            working: Vec::new(),
            answers: Vec::new(),
            sends_left: self.sends,
            thefts_left: self.thefts,
            repeats_left: self.repeats,
            restores_left: self.restores,
            last: None,
            seen: Seen::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.row.is_over {
            return;
        }
        let has_room = state.requests.len() < self.under_way;
        if state.sends_left > 0 && has_room {
            actions.push(Action::Send(Party::Owner, self.keyed));
        }
        if state.thief.is_some() && state.thefts_left > 0 && has_room {
            actions.extend([Action::Send(Party::Thief, true), Action::Send(Party::Thief, false)]);
        }
        // Until a client has shown that it uses keys, its session is a plain one.
        if self.thefts > 0 && state.stolen.is_none() && state.row.refresh.keyed == self.keyed {
            actions.push(Action::Steal);
        }
        for (at, request) in state.requests.iter().enumerate() {
            if state.repeats_left > 0 && has_room {
                actions.push(Action::Repeat(at));
            }
            if self.can_receive(state, request) && state.answers.len() < self.under_way {
                actions.push(Action::Receive(at));
            }
            actions.push(Action::LoseRequest(at));
        }
        for at in 0..state.working.len() {
            actions.extend([Action::Commit(at), Action::Crash(at)]);
        }
        for at in 0..state.answers.len() {
            actions.extend([Action::Arrive(at), Action::LoseAnswer(at)]);
        }
        if state.time < self.passes {
            actions.push(Action::Pass);
        }
        if state.restores_left > 0 {
            actions.push(if state.backup.is_none() { Action::BackUp } else { Action::Restore });
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Send(party, with_key) => {
                let position = match party {
                    Party::Owner => state.store,
                    Party::Thief => state.thief?,
                };
                // The captured key is that of the captured token alone.
                let is_captured = party == Party::Thief && self.captures && Some(position) == state.stolen;
                let maker = if is_captured { Party::Owner } else { party };
                let key = with_key.then(|| Self::key(maker, position));
                state.requests.push(Request { party, position, key });
                match party {
                    Party::Owner => state.sends_left -= 1,
                    Party::Thief => state.thefts_left -= 1,
                }
            }
            Action::Repeat(at) => {
                state.repeats_left -= 1;
                state.requests.push(state.requests[at]);
            }
            Action::LoseRequest(at) => drop(state.requests.remove(at)),
            Action::Receive(at) => {
                let request = state.requests.remove(at);
                state.last = Some((request.party, state.time));
                let read = state.row.clone();
                self.work(&mut state, request, read);
            }
            Action::Commit(at) => {
                let (request, read) = state.working.remove(at);
                match state.row == read {
                    true => self.commit(&mut state, request, &read),
                    false => {
                        let read = state.row.clone();
                        self.work(&mut state, request, read);
                    }
                }
            }
            Action::Crash(at) => drop(state.working.remove(at)),
            Action::LoseAnswer(at) => drop(state.answers.remove(at)),
            Action::Arrive(at) => {
                let answer = state.answers.remove(at);
                match answer.party {
                    Party::Owner if state.store == answer.sent || !self.compares => {
                        state.store = answer.got;
                        state.seen.owner_between += u8::from(state.seen.succeeded[Party::Thief as usize]);
                    }
                    Party::Thief if state.thief == Some(answer.sent) => state.thief = Some(answer.got),
                    Party::Owner | Party::Thief => {}
                }
            }
            Action::Pass => {
                state.time += 1;
                state.working.clear();
                if !self.late {
                    state.requests.clear();
                }
            }
            Action::BackUp => state.backup = Some(state.row.clone()),
            Action::Restore => {
                state.restores_left -= 1;
                state.working.clear();
                state.row = state.backup.take()?;
            }
            Action::Steal => {
                state.thief = Some(state.store);
                state.stolen = Some(state.store);
            }
        }
        Some(Self::sorted(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::properties::of(self)
    }
}
