use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::{Options, connection};
use crate::backup::swap;
use crate::file;

refinery::embed_migrations!("migrations/sqlite");

/// A database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite in this program has a defect that loses commits.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    OldSqlite(&'static str),
    /// A newer Tokenry has made or changed it.
    #[error("{} has schema {found}, this program knows {known}: run the newer program", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// The newest schema that this program knows.
        known: i32,
    },
    /// It is another program's file, or no database at all.
    #[error("{} is not a Tokenry database", .0.display())]
    Foreign(PathBuf),
    /// The file system does not let us.
    #[error("can't open {}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// SQLite failed, or a step towards the present schema did.
    #[error("can't open {}: {}", .0.display(), .1)]
    Database(PathBuf, Box<dyn std::error::Error + Send + Sync>),
}

/// A connection that writes to the database at `path`, which is made or brought up to date first.
pub(super) fn open(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let io = |error| OpenError::Io(path.to_owned(), error);
    // Neither the switch to a log nor a migration waits for another process that does the same.
    let lock = file::lock_file(&file::beside(path, ".open.lock").map_err(io)?).map_err(io)?;
    lock.lock().map_err(io)?;
    swap::finish(path).map_err(io)?;
    file::create(path).map_err(io)?;
    let is_empty = check(path, options)?;
    migrate(path, options, is_empty).map_err(|error| OpenError::Database(path.to_owned(), error))
}

/// Whether there is nothing in it yet. Changes nothing that was committed.
fn check(path: &Path, options: &Options) -> Result<bool, OpenError> {
    let reader = undo_half_a_start(path, options).and_then(|()| connection::reader(path, options.busy_timeout));
    let facts = reader.and_then(|connection| facts(&connection));
    let (application, tables, found) = facts.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path.to_owned()),
        _ => OpenError::Database(path.to_owned(), error.into()),
    })?;
    let known = migrations::runner().get_migrations().iter().map(|step| step.version()).max().unwrap_or(0);
    match application {
        0 if tables == 0 => Ok(true),
        APPLICATION if found > known => Err(OpenError::Newer { path: path.to_owned(), found, known }),
        APPLICATION => Ok(false),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Until it has its write-ahead log, a first start that is killed leaves a journal of what to undo, which a connection
/// that only reads can't do. Another program's file keeps its own.
fn undo_half_a_start(path: &Path, options: &Options) -> rusqlite::Result<()> {
    let mut header = [0; HEADER_BYTES];
    let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok();
    if is_read
        && header.ends_with(&APPLICATION.to_be_bytes())
        && file::beside(path, "-journal").is_ok_and(|file| file.exists())
    {
        connection::writer(path, options)?.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Its application, its number of tables, its schema.
fn facts(connection: &Connection) -> rusqlite::Result<(i32, u32, i32)> {
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let found = match connection.table_exists(None, HISTORY)? {
        true => connection.query_row(SCHEMA, [], |row| row.get(0))?,
        false => 0,
    };
    Ok((application, tables, found))
}

fn migrate(
    path: &Path,
    options: &Options,
    is_empty: bool,
) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = connection::writer(path, options)?;
    if is_empty {
        // Before all else, so that a file whose making was cut short is known as ours.
        connection.pragma_update(None, "application_id", APPLICATION)?;
    }
    if !connection::use_log(&connection)? {
        return Err("its file system can't share memory between processes, which SQLite's log needs".into());
    }
    // In one transaction with its place in the history: a step is done or not.
    migrations::runner().set_grouped(true).run(&mut connection)?;
    Ok(connection)
}

/// Without the defect by which a checkpoint could lose commits of another connection.
const OLDEST_SQLITE: i32 = 3_051_003;
/// `tknr`
const APPLICATION: i32 = 0x746b_6e72;
/// Of SQLite's file header, up to the end of the application's number.
const HEADER_BYTES: usize = 72;
const HISTORY: &str = "refinery_schema_history";
const SCHEMA: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
