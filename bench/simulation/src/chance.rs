/// A stream of draws that depends on nothing but what it was made from (SplitMix64).
///
/// Each question has a stream of its own, so that protocols that answer differently still meet the same fate.
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream that belongs to these numbers.
    pub(crate) fn of(numbers: &[u64]) -> Self {
        let mut chance = Self(0);
        for number in numbers {
            chance.0 = chance.next() ^ number;
        }
        chance
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low) + 1;
        low.saturating_add_unsigned(self.next() % width)
    }

    /// Whether something of this likelihood happens.
    pub(crate) fn hits(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}
