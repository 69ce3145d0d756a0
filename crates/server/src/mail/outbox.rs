use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::Composed;

/// The newest mails, in memory.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<VecDeque<Composed>>);

impl Outbox {
    pub(super) fn put(&self, mail: Composed) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.truncate(MOST - 1);
        mails.push_front(mail);
    }

    /// Newest first.
    pub(crate) fn mails(&self) -> Vec<Composed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

const MOST: usize = 1000;
