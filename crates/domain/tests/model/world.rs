//! Everything that can happen to one session: its client, the network, the server's nodes and its back-up, and a thief.

use std::time::Duration;

use stateright::{Model, Property};
use tokenry_domain::refresh::{Beside, Decision, Position, Presented, RefreshState, RequestKey};
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
    /// Whether the thief takes the pair out of an answer under way instead of the store.
    pub(crate) listens: bool,
    /// What comes beside the refresh tokens.
    pub(crate) pairs: Pairs,
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
    /// Whether a node may stand still for as long as it likes, before it reads the row and before it commits.
    pub(crate) suspends: bool,
    /// How often the row is restored from a back-up, made at any moment before.
    pub(crate) restores: u8,
}

/// With which access tokens the parties come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// None.
    Never,
    /// The owner with its own or without; the thief with the copied one, with one of another session, or without.
    Sometimes,
    /// The server demands one. The thief copied the refresh token alone.
    Required,
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
    working: Vec<Work>,
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
    /// Pairs that were made for the owner after the thief's first one, and that it received.
    owner_between: u8,
    /// The thief got a pair after the owner's second one.
    pub(crate) overtaken: bool,
    /// A decision wrote what it need not, or did not write what it must.
    pub(crate) wrong_write: bool,
    /// A request with a wrong access token, or without one where it is required, got a pair.
    pub(crate) wrong_pair: bool,
}

/// A request that a node has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Work {
    request: Request,
    arrived: u8,
    /// What it will commit, once it has read the row.
    decided: Option<Decided>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Decided {
    version: u8,
    next: Row,
    is_answered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) refresh: RefreshState,
    pub(crate) is_over: bool,
    /// What the compare-and-swap compares. It goes back when a back-up is restored.
    version: u8,
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
    beside: Beside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    party: Party,
    sent: Position,
    got: Position,
    /// Whether the thief had got a pair by then.
    follows_theft: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A tab, or the thief, sends what its store holds. `true`: with a key.
    Send(Party, bool, Beside),
    Repeat(usize),
    LoseRequest(usize),
    /// A node takes it.
    Receive(usize),
    /// It reads the row and decides; then commits, if the row is still the one that it read, or reads again.
    Work(usize),
    /// It crashes before it commits. (After it: the answer is lost.)
    Crash(usize),
    LoseAnswer(usize),
    /// It may arrive again.
    Arrive(usize),
    /// More than W passes. A request under way by then is lost, unless it may be late.
    Pass,
    BackUp,
    Restore,
    Steal,
    Listen(usize),
}

/// W, and the time that one [`Action::Pass`] takes.
const WINDOW: Duration = Duration::from_secs(10);
const STEP: i64 = 11;

impl World {
    pub(crate) fn now(state: &State) -> Timestamp {
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

    /// What is decided of a request that came `held` moments ago.
    pub(crate) fn judge(
        &self,
        row: &Row,
        presented: (Position, Option<RequestKey>),
        held: u8,
        now: Timestamp,
    ) -> Decision {
        let (position, key) = presented;
        let held = Duration::from_secs(STEP.unsigned_abs() * u64::from(held));
        (self.decide)(&row.refresh, row.is_over, Presented { position, key, held }, WINDOW, now)
    }

    /// One step of a node: commits what it decided, if the row is still the one that it read; otherwise reads and decides.
    fn work(&self, state: &mut State, work: Work) {
        let Work { request, arrived, decided } = work;
        if let Some(Decided { version, next, is_answered }) = decided
            && version == state.row.version
            && !state.row.is_over
        {
            return self.commit(state, request, next, is_answered);
        }
        let held = state.time - arrived;
        if self.is_too_late(state, &request, held) {
            return;
        }
        let read = &state.row;
        let version = read.version;
        let decision = self.judge(read, (request.position, request.key), held, Self::now(state));
        let row = |refresh| Row { refresh, is_over: false, version: version + 1 };
        let (next, is_answered) = match decision {
            Decision::Ended | Decision::Stale | Decision::Held => return,
            Decision::Reuse => (Row { is_over: true, ..read.clone() }, false),
            Decision::Repeat { next: None } => return self.answer(state, request),
            Decision::Rotate { next, .. } | Decision::Fork { next } => {
                state.seen.wrong_write |= next == read.refresh;
                (row(next), true)
            }
            Decision::Repeat { next: Some(next) } => {
                state.seen.wrong_write |= request.key.is_none() || next == read.refresh;
                (row(next), true)
            }
        };
        match self.nodes > 1 || self.suspends {
            true => {
                state.working.push(Work { request, arrived, decided: Some(Decided { version, next, is_answered }) });
            }
            false => self.commit(state, request, next, is_answered),
        }
    }

    fn commit(&self, state: &mut State, request: Request, next: Row, is_answered: bool) {
        state.row = next;
        if is_answered {
            self.answer(state, request);
        }
    }

    /// The pair that a request gets: the newest child of the row.
    fn answer(&self, state: &mut State, request: Request) {
        let refresh = &state.row.refresh;
        let got = refresh.child_position().unwrap_or(refresh.head);
        state.seen.wrong_pair |= match request.beside {
            Beside::Same => false,
            Beside::Nothing => self.pairs == Pairs::Required,
            Beside::Forgotten | Beside::Other | Beside::Forged => true,
        };
        if let Some(stolen) = state.stolen {
            // A captured request is repeated once: that much its thief gains.
            let counts = request.position.generation >= stolen.generation + u64::from(self.captures);
            if counts {
                state.seen.succeeded[request.party as usize] = true;
                state.seen.overtaken |= request.party == Party::Thief && state.seen.owner_between >= 2;
            }
        }
        let follows_theft = state.seen.succeeded[Party::Thief as usize];
        state.answers.push(Answer { party: request.party, sent: request.position, got, follows_theft });
    }

    fn beside(&self, party: Party) -> &'static [Beside] {
        match (self.pairs, party) {
            (Pairs::Never, _) => &[Beside::Nothing],
            (Pairs::Sometimes, Party::Owner) => &[Beside::Nothing, Beside::Same],
            (Pairs::Sometimes, Party::Thief) => &[Beside::Nothing, Beside::Same, Beside::Other],
            (Pairs::Required, Party::Owner) => &[Beside::Same],
            (Pairs::Required, Party::Thief) => &[Beside::Nothing, Beside::Other],
        }
    }

    /// The request that the owner's client makes of what its store holds.
    pub(crate) fn own(&self, state: &State) -> (Position, Option<RequestKey>) {
        (state.store, self.keyed.then(|| Self::key(Party::Owner, state.store)))
    }

    fn can_receive(&self, state: &State, request: &Request) -> bool {
        let is_apart = state.last.is_none_or(|(party, at)| party == request.party || at < state.time);
        (is_apart || !self.apart) && state.working.len() < self.nodes
    }

    /// What the client may assume: its request is decided upon before more than four renewals, or one if it may be late;
    /// or it was held for longer than W.
    fn is_too_late(&self, state: &State, request: &Request, held: u8) -> bool {
        let behind = state.row.refresh.head.generation.saturating_sub(request.position.generation);
        request.party == Party::Owner && held == 0 && behind > if self.late { 1 } else { 4 }
    }

    /// Two lists of the same messages are one state.
    fn sorted(mut state: State) -> State {
        state.requests.sort_by_key(|request| {
            let Request { party, position, key, beside } = *request;
            (party, position.generation, position.ordinal, key.map(|key| key.0), beside as u8)
        });
        state.answers.sort_by_key(|answer| {
            let Answer { party, sent, got, follows_theft } = *answer;
            (party, sent.generation, sent.ordinal, got.generation, got.ordinal, follows_theft)
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
            row: Row { refresh: RefreshState::initial(key), is_over: false, version: 0 },
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
            for beside in self.beside(Party::Owner) {
                actions.push(Action::Send(Party::Owner, self.keyed, *beside));
            }
        }
        if state.thief.is_some() && state.thefts_left > 0 && has_room {
            for beside in self.beside(Party::Thief) {
                actions.extend([true, false].map(|with_key| Action::Send(Party::Thief, with_key, *beside)));
            }
        }
        // Until a client has shown that it uses keys, its session is a plain one.
        if self.thefts > 0 && state.stolen.is_none() && state.row.refresh.keyed == self.keyed {
            match self.listens {
                true => actions.extend((0..state.answers.len()).map(Action::Listen)),
                false => actions.push(Action::Steal),
            }
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
            actions.extend([Action::Work(at), Action::Crash(at)]);
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
            Action::Send(party, with_key, beside) => {
                let position = match party {
                    Party::Owner => state.store,
                    Party::Thief => state.thief?,
                };
                // The captured key is that of the captured token alone.
                let is_captured = party == Party::Thief && self.captures && Some(position) == state.stolen;
                let maker = if is_captured { Party::Owner } else { party };
                let key = with_key.then(|| Self::key(maker, position));
                state.requests.push(Request { party, position, key, beside });
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
                if self.apart {
                    state.last = Some((request.party, state.time));
                }
                // Before any row is read.
                if request.beside.check(self.pairs == Pairs::Required).is_ok() {
                    let work = Work { request, arrived: state.time, decided: None };
                    match self.suspends {
                        true => state.working.push(work),
                        false => self.work(&mut state, work),
                    }
                }
            }
            Action::Work(at) => {
                let work = state.working.remove(at);
                self.work(&mut state, work);
            }
            Action::Crash(at) => drop(state.working.remove(at)),
            Action::LoseAnswer(at) => drop(state.answers.remove(at)),
            Action::Arrive(at) => {
                let answer = state.answers[at];
                match answer.party {
                    Party::Owner if state.store == answer.sent || !self.compares => {
                        state.store = answer.got;
                        state.seen.owner_between += u8::from(answer.follows_theft);
                    }
                    Party::Thief if state.thief == Some(answer.sent) => state.thief = Some(answer.got),
                    Party::Owner | Party::Thief => {}
                }
            }
            Action::Pass => {
                state.time += 1;
                if !self.suspends {
                    state.working.clear();
                }
                if !self.late {
                    state.requests.clear();
                }
            }
            Action::BackUp => state.backup = Some(state.row.clone()),
            Action::Restore => {
                state.restores_left -= 1;
                state.row = state.backup.take()?;
            }
            Action::Steal => {
                state.thief = Some(state.store);
                state.stolen = Some(state.store);
            }
            Action::Listen(at) => {
                let got = state.answers[at].got;
                state.thief = Some(got);
                state.stolen = Some(got);
            }
        }
        Some(Self::sorted(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::properties::of(self)
    }
}
