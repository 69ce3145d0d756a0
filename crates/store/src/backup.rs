mod compare;
mod restore;
pub(crate) mod swap;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tokenry_domain::store::StoreError;

pub use self::compare::{Part, Report};
pub use self::restore::Restoring;
use crate::file;
use crate::sqlite::{OpenError, reader};

/// Why there is no back-up, or nothing was restored. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A back-up is never written over anything.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// A file.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// There are no keys in the back-up.
    #[error("the back-up holds no keys: it is none of a database that was served")]
    Empty,
    /// The database.
    #[error("{}: {}", .0.display(), .1)]
    Database(PathBuf, rusqlite::Error),
    /// It can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a copy of the database as of one moment to `to`, readable by its owner only. Whoever uses the database goes on.
pub fn back_up(database: &Path, to: &Path) -> Result<(), BackupError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::Io(path, error)
    };
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let lock = file::beside(database, ".open.lock").and_then(|lock| file::lock_file(&lock));
    let finished = lock.and_then(|lock| lock.lock().and_then(|()| swap::finish(database)));
    finished.map_err(io(database))?;
    let draft = file::beside(to, ".part").map_err(io(to))?;
    let _ = fs::remove_file(&draft);
    file::create(&draft).map_err(io(&draft))?;
    let copied = copy(database, &draft).map_err(|error| BackupError::Database(database.to_owned(), error));
    let linked = copied.and_then(|()| {
        File::open(&draft).and_then(|file| file.sync_all()).map_err(io(&draft))?;
        // Unlike a rename, a link never replaces what someone else has put there meanwhile.
        fs::hard_link(&draft, to).map_err(io(to))
    });
    fs::remove_file(&draft).map_err(io(&draft))?;
    linked?;
    file::sync_directory_of(to).map_err(io(to))
}

/// Removes a database with all that lies beside it.
fn remove(database: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", ".open.lock"] {
        match fs::remove_file(file::beside(database, suffix)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn copy(database: &Path, to: &Path) -> rusqlite::Result<()> {
    let connection: Connection = reader(database, Duration::from_secs(30))?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop)
}
