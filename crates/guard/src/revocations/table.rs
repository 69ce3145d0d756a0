use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Mark, Times};

/// A hash table with open addressing, written by one and read by many at the same time.
///
/// A slot's words are written so that a reader who sees the mark sees its times, or that the slot is empty. A slot once
/// taken is never empty again; one whose times are 0 is free to be taken by another mark.
pub(super) struct Table {
    slots: Box<[Slot]>,
    /// Slots that were ever taken.
    taken: AtomicUsize,
    /// Slots that hold an entry.
    live: AtomicUsize,
}

#[derive(Default)]
struct Slot {
    low: AtomicU64,
    high: AtomicU64,
    times: AtomicU64,
}

pub(super) enum Inserted {
    New,
    /// The entry was there; the later of the times hold.
    Again,
    /// There is no place: the table must be rebuilt.
    Full,
}

impl Table {
    /// At least half empty with so many entries, so that there is room for more of them.
    pub(super) fn for_entries(entries: usize) -> Self {
        let slots = (entries * 2).next_power_of_two().max(SMALLEST);
        let slots = (0..slots).map(|_| Slot::default()).collect();
        Self { slots, taken: AtomicUsize::new(0), live: AtomicUsize::new(0) }
    }

    pub(super) fn find(&self, mark: Mark) -> Option<Times> {
        for slot in self.path(mark) {
            match slot.low.load(Ordering::Acquire) {
                0 => return None,
                low if low == mark.low && slot.high.load(Ordering::Relaxed) == mark.high => {
                    return Times::unpack(slot.times.load(Ordering::Acquire));
                }
                _ => {}
            }
        }
        None
    }

    pub(super) fn insert(&self, mark: Mark, times: Times) -> Inserted {
        let mut free: Option<&Slot> = None;
        for slot in self.path(mark) {
            let low = slot.low.load(Ordering::Relaxed);
            if low == 0 {
                let slot = match free {
                    Some(free) => free,
                    None if self.taken.load(Ordering::Relaxed) >= self.slots.len() / 4 * 3 => return Inserted::Full,
                    None => {
                        self.taken.fetch_add(1, Ordering::Relaxed);
                        slot
                    }
                };
                slot.high.store(mark.high, Ordering::Relaxed);
                slot.low.store(mark.low, Ordering::Release);
                slot.times.store(times.pack(), Ordering::Release);
                self.live.fetch_add(1, Ordering::Relaxed);
                return Inserted::New;
            }
            let held = Times::unpack(slot.times.load(Ordering::Relaxed));
            if low == mark.low && slot.high.load(Ordering::Relaxed) == mark.high {
                slot.times.store(held.map_or(times, |held| held.later(times)).pack(), Ordering::Release);
                if held.is_none() {
                    self.live.fetch_add(1, Ordering::Relaxed);
                    return Inserted::New;
                }
                return Inserted::Again;
            }
            if held.is_none() && free.is_none() {
                free = Some(slot);
            }
        }
        Inserted::Full
    }

    /// Removes entries that are over; how many.
    pub(super) fn remove_over(&self, now: u32) -> usize {
        let mut removed = 0;
        for slot in &self.slots {
            let times = Times::unpack(slot.times.load(Ordering::Relaxed));
            if times.is_some_and(|times| times.until <= now && times.until != u32::MAX) {
                slot.times.store(0, Ordering::Release);
                removed += 1;
            }
        }
        self.live.fetch_sub(removed, Ordering::Relaxed);
        removed
    }

    /// Whether much of it is of no use any more.
    pub(super) fn is_sparse(&self) -> bool {
        self.slots.len() > SMALLEST && self.live.load(Ordering::Relaxed) < self.slots.len() / 8
    }

    /// A table of the right size with the same entries.
    pub(super) fn rebuilt(&self) -> Self {
        let table = Self::for_entries(self.live.load(Ordering::Relaxed) + 1);
        for slot in &self.slots {
            if let Some(times) = Times::unpack(slot.times.load(Ordering::Relaxed)) {
                let mark = Mark { low: slot.low.load(Ordering::Relaxed), high: slot.high.load(Ordering::Relaxed) };
                table.insert(mark, times);
            }
        }
        table
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The slots in which a mark may stand, in order.
    fn path(&self, mark: Mark) -> impl Iterator<Item = &Slot> {
        let start = mark.low as usize & (self.slots.len() - 1);
        let (before, from) = self.slots.split_at(start);
        from.iter().chain(before)
    }
}

impl Times {
    fn pack(self) -> u64 {
        u64::from(self.until) << 32 | u64::from(self.before)
    }

    fn unpack(packed: u64) -> Option<Self> {
        let times = Self { until: (packed >> 32) as u32, before: packed as u32 };
        (times.until != 0).then_some(times)
    }

    fn later(self, other: Self) -> Self {
        Self { until: self.until.max(other.until), before: self.before.max(other.before) }
    }
}

const SMALLEST: usize = 16;
