//! Plays a scenario against a protocol: the owner's tabs, the network and the thief, one event after another.

mod judge;
mod store;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::protocol::{Answer, Protocol, Token};
use crate::scenario::Scenario;
use judge::{Judge, Party};
use store::Store;

/// How a scenario went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Answers with a pair that never arrived.
    pub(crate) lost_answers: u64,
    /// Cycles that began.
    pub(crate) wake_ups: u64,
    /// The session was ended while only its owner had used it.
    pub(crate) logged_out: bool,
    /// What became of the theft, if the thief ever came.
    pub(crate) theft: Option<TheftOutcome>,
}

/// How a theft went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TheftOutcome {
    /// The session was ended after the thief had come.
    pub(crate) caught: bool,
    /// The pairs that the thief got.
    pub(crate) refreshes: usize,
    /// The thief got a pair beyond the bound that Tokenry promises.
    pub(crate) breach: bool,
}

/// Plays `scenario` to its end. A keyed client sends a key with each request.
pub(crate) fn play(scenario: &Scenario, keyed: bool, protocol: &mut impl Protocol) -> Outcome {
    let tabs = vec![Tab::default(); scenario.tabs];
    let judge = Judge::new(keyed);
    let mut world = World {
        scenario,
        keyed,
        protocol,
        events: BinaryHeap::new(),
        count: 0,
        store: Store::log_in(),
        tabs,
        thief: None,
        judge,
        outcome: Outcome::default(),
    };
    world.plan();
    while let Some(Reverse((now, _, event))) = world.events.pop() {
        if world.meet(event, now) == Session::Over {
            break;
        }
    }
    if let Some(theft) = &mut world.outcome.theft {
        theft.breach = world.judge.breach;
    }
    world.outcome
}

struct World<'a, P> {
    scenario: &'a Scenario,
    keyed: bool,
    protocol: &'a mut P,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    count: u64,
    store: Store,
    tabs: Vec<Tab>,
    thief: Option<Store>,
    judge: Judge,
    outcome: Outcome,
}

#[derive(Clone, Copy, Default)]
struct Tab {
    cycle: usize,
    attempt: u64,
    has_waited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake { tab: usize, cycle: usize },
    Retry(Attempt),
    Arrive { attempt: Attempt, token: Token, key: Option<u64>, is_answered: bool },
    Deliver { attempt: Attempt, sent: Token, answer: Answer },
    Steal,
    Act { is_planned: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    tab: usize,
    cycle: usize,
    number: u64,
}

#[derive(PartialEq, Eq)]
enum Session {
    Alive,
    Over,
}

impl<P: Protocol> World<'_, P> {
    fn plan(&mut self) {
        let scenario = self.scenario;
        for (cycle, at) in scenario.cycles.iter().enumerate() {
            for tab in 0..scenario.tabs {
                self.at(at + scenario.delay(tab, cycle), Event::Wake { tab, cycle });
            }
        }
        if let Some(theft) = &scenario.theft {
            self.at(theft.at, Event::Steal);
            for act in &theft.acts {
                self.at(*act, Event::Act { is_planned: true });
            }
        }
    }

    fn at(&mut self, at: i64, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    fn meet(&mut self, event: Event, now: i64) -> Session {
        match event {
            Event::Wake { tab, cycle } => {
                self.outcome.wake_ups += u64::from(tab == 0);
                self.tabs[tab] = Tab { cycle, ..Tab::default() };
                self.send(tab, now);
            }
            Event::Retry(attempt) => {
                let tab = self.tabs[attempt.tab];
                if (tab.cycle, tab.attempt) == (attempt.cycle, attempt.number) {
                    self.send(attempt.tab, now);
                }
            }
            Event::Arrive { attempt, token, key, is_answered } => {
                return self.arrive(attempt, token, key, is_answered, now);
            }
            Event::Deliver { attempt, sent, answer } => self.deliver(attempt, sent, answer, now),
            Event::Steal => {
                self.thief = Some(self.store.clone());
                self.judge.stolen(self.store.token, self.store.key);
            }
            Event::Act { is_planned } => return self.act(is_planned, now),
        }
        Session::Alive
    }

    /// A tab sends what the store holds, unless another has been faster.
    fn send(&mut self, number: usize, now: i64) {
        let Tab { cycle, attempt, .. } = self.tabs[number];
        if self.store.renewed_at >= self.scenario.cycles[cycle] {
            return;
        }
        let key = self.keyed.then(|| self.store.key(|token| self.scenario.key(OWNER, token.generation, token.ordinal)));
        let token = self.store.token;
        let fate = self.scenario.fate(number, cycle, attempt);
        self.tabs[number].attempt += 1;
        let attempt = Attempt { tab: number, cycle, number: attempt + 1 };
        if !fate.request_lost {
            self.at(now + fate.up, Event::Arrive { attempt, token, key, is_answered: true });
        }
        if let Some(later) = fate.double {
            self.at(now + fate.up + later, Event::Arrive { attempt, token, key, is_answered: false });
        }
        if fate.request_lost || fate.answer_lost {
            self.at(now + fate.up + fate.retry, Event::Retry(attempt));
        }
    }

    /// The server answers the owner; the network may lose that.
    fn arrive(&mut self, attempt: Attempt, token: Token, key: Option<u64>, is_answered: bool, now: i64) -> Session {
        let answer = self.protocol.refresh(token, key, now);
        self.judge.saw(Party::Owner, token, key, answer, now);
        if matches!(answer, Answer::Reused | Answer::Ended) {
            return self.over();
        }
        if is_answered {
            let fate = self.scenario.fate(attempt.tab, attempt.cycle, attempt.number - 1);
            match fate.answer_lost {
                true => self.outcome.lost_answers += u64::from(matches!(answer, Answer::Pair(_))),
                false => self.at(now + fate.down, Event::Deliver { attempt, sent: token, answer }),
            }
        }
        Session::Alive
    }

    /// What section 4 of the protocol asks of a client: keep an answer only if the store still holds what was sent;
    /// after "stale" use the newer token, or wait W and send once more.
    fn deliver(&mut self, attempt: Attempt, sent: Token, answer: Answer, now: i64) {
        let tab = &mut self.tabs[attempt.tab];
        match answer {
            Answer::Pair(token) => self.store.replace(sent, token, now),
            Answer::Stale if self.store.token == sent && tab.cycle == attempt.cycle && !tab.has_waited => {
                tab.has_waited = true;
                let attempt = Attempt { number: tab.attempt, ..attempt };
                self.at(now + AFTER_STALE, Event::Retry(attempt));
            }
            _ => {}
        }
    }

    /// The thief is an attentive client: nothing of his gets lost.
    fn act(&mut self, is_planned: bool, now: i64) -> Session {
        let (Some(loot), Some(theft)) = (&mut self.thief, &self.scenario.theft) else { return Session::Alive };
        let token = loot.token;
        let sends_key = self.keyed && !theft.keyless;
        let key = sends_key.then(|| loot.key(|token| self.scenario.key(THIEF, token.generation, token.ordinal)));
        let answer = self.protocol.refresh(token, key, now);
        self.judge.saw(Party::Thief, token, key, answer, now);
        let outcome = self.outcome.theft.get_or_insert_default();
        match answer {
            Answer::Pair(new) => {
                outcome.refreshes += 1;
                loot.replace(token, new, now);
            }
            Answer::Stale if is_planned => self.at(now + AFTER_STALE, Event::Act { is_planned: false }),
            Answer::Stale => {}
            Answer::Reused | Answer::Ended => return self.over(),
        }
        Session::Alive
    }

    fn over(&mut self) -> Session {
        match &mut self.outcome.theft {
            Some(theft) => theft.caught = true,
            None => self.outcome.logged_out = true,
        }
        Session::Over
    }
}

const OWNER: u64 = 1;
const THIEF: u64 = 2;
/// A little more than W.
const AFTER_STALE: i64 = 10_001;
