//! The database that the configuration names, and the clock that goes with it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokenry_domain::store::{Store, StoreError};
use tokenry_domain::time::{Clock, Timestamp};
pub(super) use tokenry_store::{BackupError, ConnectError, LockError, OpenError, Options, Restoring, ServeLock};
use tokenry_store::{CookiesBeside, PostgresOptions, PostgresStore, Sqlite};
pub(crate) use tokenry_store::{Report, back_up};

use super::StartError;
use crate::config::{Config, Database, SessionStore};

/// An open database.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    /// Of a database that several nodes share.
    pub(super) shared_clock: Option<Arc<SharedClock>>,
}

/// The database's clock, as this node knows it: several nodes decide about one row.
pub(crate) struct SharedClock {
    own: Arc<dyn Clock>,
    database: Arc<PostgresStore>,
    ahead: AtomicI64,
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.own.now().millis().saturating_add(self.ahead.load(Ordering::Relaxed)))
    }
}

impl SharedClock {
    /// Compares the clocks again. Returns how far the database's is ahead of this node's, in milliseconds.
    pub(crate) async fn adjust(&self) -> Result<i64, StoreError> {
        let ahead = self.database.clock_offset(&*self.own).await?;
        self.ahead.store(ahead, Ordering::Relaxed);
        Ok(ahead)
    }
}

/// Opens the database of `config`, and brings an empty or older one up to date.
pub(super) async fn open(config: &Config, own: Arc<dyn Clock>, options: Options) -> Result<Opened, StartError> {
    let opened = match &config.database {
        Database::Sqlite => {
            private_directory(config.data_dir())?;
            let store = Arc::new(Sqlite::open(&config.database_file(), options)?);
            Opened { store, clock: own, shared_clock: None }
        }
        Database::Postgres(url) => {
            let database = Arc::new(PostgresStore::connect(url.expose(), PostgresOptions::default()).await?);
            let clock = SharedClock { own, database: Arc::clone(&database), ahead: AtomicI64::new(0) };
            clock.adjust().await?;
            let clock = Arc::new(clock);
            Opened { store: database, clock: Arc::clone(&clock) as Arc<dyn Clock>, shared_clock: Some(clock) }
        }
    };
    let store: Arc<dyn Store> = match config.session.store {
        SessionStore::Database => return Ok(opened),
        SessionStore::Memory => Arc::new(CookiesBeside::in_memory(opened.store)),
        SessionStore::Disk => {
            private_directory(config.data_dir())?;
            Arc::new(CookiesBeside::on_disk(opened.store, &config.sessions_file())?)
        }
    };
    Ok(Opened { store, ..opened })
}

/// The right to serve the database of `config`: of a file, one process has it at a time; PostgreSQL is for many.
pub(super) fn lock(config: &Config) -> Result<Option<ServeLock>, StartError> {
    if config.database.is_shared() {
        return Ok(None);
    }
    private_directory(config.data_dir())?;
    Ok(Some(ServeLock::acquire(&config.database_file())?))
}

/// Creates the data directory so that only its owner can look into it, and so that its name outlasts a power cut: what
/// is acknowledged lies in it.
fn private_directory(directory: &Path) -> Result<(), StartError> {
    let made: Vec<&Path> = directory.ancestors().take_while(|path| !named(path).exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let created = builder.create(directory).and_then(|()| {
        let mut parents = made.iter().filter_map(|path| path.parent());
        parents.try_for_each(|parent| fs::File::open(named(parent))?.sync_all())
    });
    created.map_err(|source| StartError::File { file: directory.to_owned(), source })
}

/// A path as it can be opened: the parent of a plain name is empty.
fn named(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}
