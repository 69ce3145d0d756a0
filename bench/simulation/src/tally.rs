//! Adds outcomes up.

use crate::play::{Outcome, TheftOutcome};
use crate::scenario::Kind;

/// What one protocol did in all scenarios.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    /// Log-outs against the answers that were lost.
    pub(crate) lost_answers: Share,
    /// Log-outs against the times that several tabs woke.
    pub(crate) wake_ups: Share,
    /// Log-outs of owners before their thief came.
    pub(crate) before_theft: u64,
    /// In the order of [`THEFTS`].
    pub(crate) thefts: [Thefts; THEFTS.len()],
}

/// So many of so many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) part: u64,
    pub(crate) whole: u64,
}

/// What became of thefts.
#[derive(Clone, Default)]
pub(crate) struct Thefts {
    pub(crate) caught: Share,
    /// Those in which the thief got more than Tokenry's bound allows.
    pub(crate) breaches: u64,
    /// Thefts by the pairs that the thief got before he was caught.
    refreshes: Vec<u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, kind: Kind, outcome: Outcome) {
        let logged_out = u64::from(outcome.logged_out);
        match THEFTS.iter().position(|(theft, _)| *theft == kind) {
            Some(place) => {
                self.before_theft += logged_out;
                if let Some(theft) = outcome.theft {
                    self.thefts[place].add(theft);
                }
            }
            None if kind == Kind::LostAnswers => self.lost_answers.add(logged_out, outcome.lost_answers),
            None => self.wake_ups.add(logged_out, outcome.wake_ups),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.lost_answers.add(other.lost_answers.part, other.lost_answers.whole);
        self.wake_ups.add(other.wake_ups.part, other.wake_ups.whole);
        self.before_theft += other.before_theft;
        for (own, other) in self.thefts.iter_mut().zip(&other.thefts) {
            own.merge(other);
        }
    }

    /// All thefts but those by a shadow.
    pub(crate) fn thefts_apart(&self) -> Thefts {
        let mut sum = Thefts::default();
        for ((kind, _), thefts) in THEFTS.iter().zip(&self.thefts) {
            if *kind != Kind::Shadow {
                sum.merge(thefts);
            }
        }
        sum
    }
}

impl Share {
    fn add(&mut self, part: u64, whole: u64) {
        self.part += part;
        self.whole += whole;
    }

    /// How many there would be of so many.
    pub(crate) fn of(self, whole: f64) -> f64 {
        if self.whole == 0 { 0.0 } else { self.part as f64 * whole / self.whole as f64 }
    }
}

impl Thefts {
    fn add(&mut self, theft: TheftOutcome) {
        self.caught.add(u64::from(theft.caught), 1);
        self.breaches += u64::from(theft.breach);
        if theft.caught {
            let longest = self.refreshes.len().max(theft.refreshes + 1);
            self.refreshes.resize(longest, 0);
            self.refreshes[theft.refreshes] += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.caught.add(other.caught.part, other.caught.whole);
        self.breaches += other.breaches;
        let longest = self.refreshes.len().max(other.refreshes.len());
        self.refreshes.resize(longest, 0);
        for (own, other) in self.refreshes.iter_mut().zip(&other.refreshes) {
            *own += other;
        }
    }

    /// The pairs that a thief got in this percentage of thefts at most; none when so many were not caught.
    pub(crate) fn refreshes(&self, percent: u64) -> Option<usize> {
        let wanted = (self.caught.whole * percent).div_ceil(100);
        let mut seen = 0;
        self.refreshes.iter().position(|count| {
            seen += count;
            seen >= wanted
        })
    }
}

/// The kinds of theft, and what they are called.
pub(crate) const THEFTS: [(Kind, &str); 4] = [
    (Kind::RandomTheft, "at random"),
    (Kind::AimedTheft, "aimed at renewals"),
    (Kind::Replay, "replay of an old token"),
    (Kind::Shadow, "always within W"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theft_that_is_never_caught_counts_in_the_quantiles() {
        let mut thefts = Thefts::default();
        for refreshes in [1, 2, 2] {
            thefts.add(TheftOutcome { caught: true, refreshes, breach: false });
        }
        assert_eq!((thefts.refreshes(50), thefts.refreshes(95)), (Some(2), Some(2)));
        thefts.add(TheftOutcome { caught: false, refreshes: 9, breach: false });
        assert_eq!((thefts.refreshes(50), thefts.refreshes(95)), (Some(2), None));
        let mut both = thefts.clone();
        both.merge(&thefts);
        assert_eq!((both.caught.part, both.caught.whole, both.refreshes(50)), (6, 8, Some(2)));
    }
}
