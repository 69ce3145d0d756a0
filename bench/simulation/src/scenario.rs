//! What happens to a session, drawn from a seed before any protocol is asked.

use crate::chance::Chance;

/// A session's life as its users, the network and a thief plan it. Times are milliseconds after log-in.
pub(crate) struct Scenario {
    /// What it is about.
    pub(crate) kind: Kind,
    /// How many tabs share the client's store.
    pub(crate) tabs: usize,
    /// When the client wants a new pair.
    pub(crate) cycles: Vec<i64>,
    /// Someone who copies the client's store.
    pub(crate) theft: Option<Theft>,
    seed: u64,
}

/// What a scenario is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One tab; answers get lost, and it tries again after seconds, minutes or hours.
    LostAnswers,
    /// Two to four tabs wake at once, on a network that loses, delays and doubles.
    WakeUps,
    /// A thief who comes whenever he likes.
    RandomTheft,
    /// A thief who aims at the owner's renewals, before and after, up to a minute off.
    AimedTheft,
    /// A copy that is old by the time it is used.
    Replay,
    /// A thief who always comes within W of the owner: the stated limit of a plain session.
    Shadow,
}

/// When the client's store is copied, and when the copy is used.
pub(crate) struct Theft {
    pub(crate) at: i64,
    pub(crate) acts: Vec<i64>,
    /// Whether the thief sends no key, however the owner does it.
    pub(crate) keyless: bool,
}

/// What the network does to one attempt.
pub(crate) struct Fate {
    pub(crate) request_lost: bool,
    pub(crate) answer_lost: bool,
    /// How long the request travels.
    pub(crate) up: i64,
    /// How long the answer travels.
    pub(crate) down: i64,
    /// How long after the request its double arrives.
    pub(crate) double: Option<i64>,
    /// After a loss: how long until the client tries again.
    pub(crate) retry: i64,
}

impl Scenario {
    /// Scenario `number` of those that belong to `seed`.
    pub(crate) fn draw(seed: u64, number: u64) -> Self {
        let seed = Chance::of(&[seed, number]).next();
        let mut chance = Chance::of(&[seed, 0]);
        let kind = Kind::draw(&mut chance);
        let tabs = match kind {
            Kind::LostAnswers => 1,
            Kind::WakeUps => chance.between(2, 4),
            _ if chance.hits(70) => 1,
            _ => chance.between(2, 4),
        };
        let count = if kind.has_thief() { chance.between(6, 10) } else { chance.between(3, 8) };
        let mut at = 0;
        let mut cycles = Vec::new();
        for number in 0..count {
            // Renewed again while messages about the last token are still under way.
            let is_quick = kind == Kind::WakeUps && number % 2 == 1 && chance.hits(30);
            at += if is_quick { chance.between(SECOND, 8 * SECOND) } else { chance.between(50 * MINUTE, HOUR) };
            if !is_quick && chance.hits(20) {
                at += chance.between(2 * HOUR, 12 * HOUR);
            }
            cycles.push(at);
        }
        let theft = kind.has_thief().then(|| Theft::draw(kind, &cycles, &mut chance));
        Self { kind, tabs: usize::try_from(tabs).unwrap_or(1), cycles, theft, seed }
    }

    /// How late a tab wakes in a cycle.
    pub(crate) fn delay(&self, tab: usize, cycle: usize) -> i64 {
        Chance::of(&[self.seed, 1, tab as u64, cycle as u64]).between(0, 200)
    }

    /// What becomes of a tab's attempt.
    pub(crate) fn fate(&self, tab: usize, cycle: usize, attempt: u64) -> Fate {
        let mut chance = Chance::of(&[self.seed, 2, tab as u64, cycle as u64, attempt]);
        // The last cycles run smoothly, so that each theft has come to its end when the scenario has.
        let (answers, requests, doubles) = match self.kind {
            Kind::LostAnswers => (35, 5, 0),
            Kind::WakeUps => (5, 2, 2),
            Kind::Shadow => (0, 0, 0),
            _ if cycle + SMOOTH < self.cycles.len() => (3, 1, 0),
            _ => (0, 0, 0),
        };
        let up = travel(&mut chance);
        Fate {
            request_lost: chance.hits(requests),
            answer_lost: chance.hits(answers),
            up,
            down: travel(&mut chance),
            // All that is sent arrives within W.
            double: chance.hits(doubles).then(|| chance.between(1, 9 * SECOND - up)),
            retry: retry(&mut chance, self.kind == Kind::LostAnswers),
        }
    }

    /// The key that a party makes for a token.
    pub(crate) fn key(&self, party: u64, generation: u64, ordinal: u32) -> u64 {
        Chance::of(&[self.seed, 3, party, generation, ordinal.into()]).next()
    }
}

impl Kind {
    fn draw(chance: &mut Chance) -> Self {
        match chance.between(1, 100) {
            1..=30 => Self::LostAnswers,
            31..=55 => Self::WakeUps,
            56..=70 => Self::RandomTheft,
            71..=85 => Self::AimedTheft,
            86..=95 => Self::Replay,
            _ => Self::Shadow,
        }
    }

    /// Whether two parties hold the session.
    pub(crate) fn has_thief(self) -> bool {
        !matches!(self, Self::LostAnswers | Self::WakeUps)
    }
}

impl Theft {
    /// At least [`SMOOTH`] cycles follow the thief's first act, and all but a shadow come once more after the last.
    fn draw(kind: Kind, cycles: &[i64], chance: &mut Chance) -> Self {
        let (last, early) = (cycles[cycles.len() - 1], cycles[cycles.len() - 1 - SMOOTH]);
        let at = if kind == Kind::Replay { chance.between(0, cycles[0]) } else { chance.between(0, early) };
        let later = cycles.iter().enumerate().filter(|(_, cycle)| **cycle >= at);
        let mut acts: Vec<i64> = match kind {
            Kind::RandomTheft => {
                let mut next = chance.between(at, early);
                let mut acts = Vec::new();
                while next < last {
                    acts.push(next);
                    next += chance.between(5 * MINUTE, 2 * HOUR);
                }
                acts
            }
            Kind::AimedTheft => later
                .map(|(number, cycle)| {
                    let near = if number + SMOOTH < cycles.len() { 0 } else { 20 * SECOND };
                    let offset = chance.between(near, MINUTE);
                    (cycle + if chance.hits(50) { offset } else { -offset }).max(at)
                })
                .collect(),
            Kind::Shadow => later.map(|(_, cycle)| cycle + chance.between(-SECOND, 4 * SECOND)).collect(),
            _ => vec![chance.between(cycles[2] + MINUTE, last)],
        };
        if kind != Kind::Shadow {
            acts.push(last + chance.between(5 * MINUTE, 30 * MINUTE));
        }
        Self { at, acts, keyless: chance.hits(10) }
    }
}

fn travel(chance: &mut Chance) -> i64 {
    if chance.hits(90) { chance.between(20, 300) } else { chance.between(300, 8 * SECOND) }
}

/// Half of all losses are seen at once, the others by a time-out.
fn retry(chance: &mut Chance, hours: bool) -> i64 {
    let noticed = if chance.hits(50) { 0 } else { 10 * SECOND };
    noticed
        + match chance.between(1, if hours { 3 } else { 2 }) {
            1 => chance.between(SECOND, 30 * SECOND),
            2 => chance.between(MINUTE, 30 * MINUTE),
            _ => chance.between(HOUR, 12 * HOUR),
        }
}

const SMOOTH: usize = 3;
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_number_say_everything() {
        for number in 0..1000 {
            let (one, other) = (Scenario::draw(7, number), Scenario::draw(7, number));
            assert_eq!((one.kind, one.tabs, &one.cycles), (other.kind, other.tabs, &other.cycles));
            assert_eq!(one.theft.as_ref().map(|theft| &theft.acts), other.theft.as_ref().map(|theft| &theft.acts));
            assert_ne!(one.seed, Scenario::draw(8, number).seed);
        }
    }

    #[test]
    fn a_thief_never_comes_before_the_theft_but_by_the_second_that_a_shadow_is_early() {
        for number in 0..10_000 {
            let scenario = Scenario::draw(1, number);
            let Some(theft) = &scenario.theft else { continue };
            let slack = if scenario.kind == Kind::Shadow { SECOND } else { 0 };
            assert!(theft.acts.iter().all(|act| *act >= theft.at - slack), "{number}");
        }
    }
}
