use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result};

use super::Options;

/// The connection that writes.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS)?;
    configure(&connection, options.busy_timeout, WRITER_CACHE)?;
    // A commit that was answered survives a power failure: every one is flushed.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The checkpointer decides when, and on which thread.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", KEPT_LOG_BYTES)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(connection)
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS)?;
    configure(&connection, busy_timeout, READER_CACHE)?;
    Ok(connection)
}

/// Switches to a write-ahead log, in which readers and the writer don't wait for each other. The database remembers.
pub(super) fn use_log(connection: &Connection) -> Result<bool> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| Ok(row.get::<_, String>(0)? == "wal"))
}

fn configure(connection: &Connection, busy_timeout: Duration, cache: i32) -> Result<()> {
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "cache_size", cache)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite plans a statement anew whenever another value is bound, in case a partial index fits that one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

// A connection is used by one thread at a time: the writer's, or whoever holds the reader's lock.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
/// More than there are in this crate.
const STATEMENTS: usize = 96;
/// 4 MiB, in SQLite's way of writing KiB.
const WRITER_CACHE: i32 = -4096;
/// Little: any commit empties a reader's cache.
const READER_CACHE: i32 = -512;
const KEPT_LOG_BYTES: i32 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenry.db");
        drop(super::super::migrations::open(&path, &Options::default()).unwrap());
        let reader = reader(&path, Duration::ZERO).unwrap();
        for id in 0..3_u8 {
            let mut statement = reader.prepare_cached(super::super::sessions::BY_ID).unwrap();
            assert!(statement.query([[id; 16]]).unwrap().next().unwrap().is_none());
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
        }
    }

    /// `.cargo/config.toml` was read, which cargo passes over without a word when it is called from elsewhere. Of
    /// `HAVE_FDATASYNC`, which stands in the same line, SQLite tells nothing.
    #[test]
    fn sqlite_has_our_flags() {
        let connection = Connection::open_in_memory().unwrap();
        let has = |option: &str| {
            let sql = "SELECT sqlite_compileoption_used(?1)";
            connection.query_row(sql, [option], |row| row.get::<_, bool>(0)).unwrap()
        };
        assert!(has("DEFAULT_MEMSTATUS=0") && has("OMIT_LOAD_EXTENSION"));
        assert!(!has("ENABLE_FTS5") && !has("ENABLE_RTREE"));
    }

    #[test]
    fn the_writer_flushes_and_readers_cant_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenry.db");
        let writer = super::super::migrations::open(&path, &Options::default()).unwrap();
        let value = |name| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((value("synchronous"), value("fullfsync"), value("checkpoint_fullfsync")), (2, 1, 1));
        let reader = reader(&path, Duration::ZERO).unwrap();
        assert!(reader.execute("UPDATE probe SET number = 1", []).is_err());
    }
}
