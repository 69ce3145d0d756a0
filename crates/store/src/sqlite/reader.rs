use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokenry_domain::store::StoreError;
use tokio::task;

use super::connection;
use super::error::Fault;

/// The connections that read, opened when they are first needed.
///
/// A read of one row takes about as long as verifying a signature (some 50 us), and handing it to another thread and
/// back would add half of that: it is done at once, on the caller's. Whatever reads more rows, or has to wait, goes to a
/// thread that may block.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    busy_timeout: Duration,
    points: Vec<Slot>,
    lists: Vec<Slot>,
}

type Slot = Mutex<Option<Connection>>;

impl Readers {
    pub(super) fn new(path: PathBuf, busy_timeout: Duration) -> Self {
        let threads = thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 8));
        let slots = |count| (0..count).map(|_| Slot::default()).collect();
        Self { path, busy_timeout, points: slots(threads), lists: slots(2) }
    }

    /// Reads one row.
    pub(super) async fn point<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.with(&self.points, Duration::ZERO, &read) {
            // Rare: another process recovers the log, or closes it.
            Err(fault) if fault.is_busy() => self.list(read).await,
            outcome => Ok(outcome?),
        }
    }

    /// Reads many rows.
    pub(super) async fn list<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(self);
        let outcome = task::spawn_blocking(move || readers.with(&readers.lists, readers.busy_timeout, read)).await;
        Ok(outcome.map_err(|error| StoreError::Unavailable(error.to_string()))??)
    }

    fn with<T>(
        &self,
        slots: &[Slot],
        busy_timeout: Duration,
        read: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut slot = free(slots);
        let connection = match slot.take() {
            Some(connection) => connection,
            None => connection::reader(&self.path, busy_timeout)?,
        };
        let outcome = read(&connection);
        // A connection that failed is closed; the next read opens another.
        if outcome.as_ref().map_or_else(|fault| !matches!(fault, Fault::Sqlite(_)) || fault.is_busy(), |_| true) {
            *slot = Some(connection);
        }
        outcome
    }
}

/// A slot that no one uses, the first ones first, or the first to become free where all are used.
fn free(slots: &[Slot]) -> MutexGuard<'_, Option<Connection>> {
    let free = slots.iter().find_map(|slot| match slot.try_lock() {
        Ok(slot) => Some(slot),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    });
    free.unwrap_or_else(|| slots[0].lock().unwrap_or_else(PoisonError::into_inner))
}
