use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::file::{beside, lock_file};

/// The right to serve a database, held until it is dropped or its process ends, however it ends.
///
/// Commands that work beside a running server don't need it.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

/// The right to serve a database was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another server is running on {}", .0.display())]
    AlreadyServing(PathBuf),
    /// The lock file can't be used.
    #[error("can't lock {}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

impl ServeLock {
    /// Takes the right to serve the database at `path`, which need not exist yet. Its directory must.
    ///
    /// # Errors
    ///
    /// [`LockError::AlreadyServing`] at once, without waiting, while another process holds it.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        let name = beside(path, ".serve.lock").map_err(|error| LockError::Io(path.to_owned(), error))?;
        let file = lock_file(&name).map_err(|error| LockError::Io(name.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::AlreadyServing(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(LockError::Io(name, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_on_one_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenry.db");
        let lock = ServeLock::acquire(&path).unwrap();
        assert!(matches!(ServeLock::acquire(&path), Err(LockError::AlreadyServing(_))));
        ServeLock::acquire(&directory.path().join("other.db")).unwrap();
        drop(lock);
        ServeLock::acquire(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn another_name_of_the_file_is_the_same_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenry.db");
        let _store = crate::Sqlite::open(&path, crate::Options::default()).unwrap();
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let _lock = ServeLock::acquire(&link).unwrap();
        assert!(matches!(ServeLock::acquire(&path), Err(LockError::AlreadyServing(_))));
    }

    #[test]
    fn a_directory_that_is_missing_is_named() {
        let error = ServeLock::acquire(Path::new("/nowhere/tokenry.db")).unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    }
}
