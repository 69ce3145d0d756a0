//! One database in the place of another, whenever the process is stopped.
//!
//! The new one waits, complete, under a name that says so: from then on whoever opens the database first finishes the
//! exchange. Before, the old one is as it was. A log is never left beside a file that it does not belong to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::file;

/// Puts `draft`, a closed and synced file, in the place of `database`. Returns where the old one lies now, if there was
/// one. Needs the lock on opening.
pub(super) fn exchange(draft: &Path, database: &Path) -> io::Result<Option<PathBuf>> {
    let had_one = database.exists();
    super::remove(&file::beside(database, REPLACED)?)?;
    for rename in renames(draft, database)? {
        carry_out(&rename)?;
    }
    Ok(had_one.then_some(file::beside(database, REPLACED)?))
}

/// Finishes an exchange that was cut short. Needs the lock on opening.
pub(crate) fn finish(database: &Path) -> io::Result<()> {
    let waiting = file::beside(database, WAITING)?;
    if !waiting.exists() {
        return Ok(());
    }
    renames(&waiting, database)?.iter().skip(1).try_for_each(carry_out)
}

/// In this order. Each that was carried out leaves nothing to do for itself.
fn renames(draft: &Path, database: &Path) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let waiting = file::beside(database, WAITING)?;
    let replaced = file::beside(database, REPLACED)?;
    let mut renames = vec![(draft.to_owned(), waiting.clone())];
    for suffix in ["-wal", "-shm", ""] {
        renames.push((file::beside(database, suffix)?, file::beside(&replaced, suffix)?));
    }
    renames.push((waiting, file::beside(database, "")?));
    Ok(renames)
}

fn carry_out((from, to): &(PathBuf, PathBuf)) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => file::sync_directory_of(to),
    }
}

const WAITING: &str = ".restored";
const REPLACED: &str = ".replaced";

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::{Options, Sqlite};

    fn make(path: &Path, mark: &str) -> Connection {
        drop(Sqlite::open(path, Options::default()).unwrap());
        let connection = Connection::open(path).unwrap();
        connection.execute("INSERT INTO audit (at, kind, actor) VALUES (1, ?1, 'system')", [mark]).unwrap();
        connection
    }

    fn mark(path: &Path) -> String {
        let read = |connection: Connection| connection.query_row("SELECT kind FROM audit", [], |row| row.get(0));
        Connection::open(path).and_then(read).unwrap()
    }

    #[test]
    fn stopped_after_any_step_it_is_finished_by_whoever_opens_the_database() {
        for steps in 0..=5 {
            let directory = tempfile::tempdir().unwrap();
            let of = |name: &str| directory.path().canonicalize().unwrap().join(name);
            let (database, draft) = (of("tokenry.db"), of("draft"));
            drop(make(&draft, "new"));
            let old = make(&database, "old");
            // With its log, as a killed server leaves it.
            let log = fs::read(of("tokenry.db-wal")).unwrap();
            let file = fs::read(&database).unwrap();
            drop(old);
            fs::write(&database, file).unwrap();
            fs::write(of("tokenry.db-wal"), log).unwrap();
            let renames = renames(&draft, &database).unwrap();
            assert_eq!(renames.len(), 5);
            renames.iter().take(steps).for_each(|rename| carry_out(rename).unwrap());
            drop(Sqlite::open(&database, Options::default()).unwrap());
            assert_eq!(mark(&database), if steps == 0 { "old" } else { "new" }, "{steps}");
            if steps > 0 {
                assert_eq!(mark(&of("tokenry.db.replaced")), "old", "{steps}");
            }
        }
    }
}
