//! Moving the write-ahead log into the database, without making the writer wait.
//!
//! SQLite would do it at the end of a commit: thousands of pages all over the file, and every caller behind it waits. So
//! a second connection moves most of it while the writer goes on, and the writer moves the little that has gathered
//! meanwhile: only when all is moved does the log begin anew.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::{Options, connection};

/// Decides after each transaction what is to be moved, and by whom.
pub(super) struct Checkpointer {
    path: PathBuf,
    options: Options,
    /// Made when it is first needed: a command that writes a row or two never needs it.
    helper: Option<Helper>,
    /// How long the log was last.
    pages: u32,
    /// Whether the log has pages that lie all over the file.
    is_scattered: bool,
}

/// A thread with a connection of its own.
struct Helper {
    wake: SyncSender<()>,
    done: Receiver<()>,
    is_busy: bool,
    thread: JoinHandle<()>,
}

/// In what pieces the log is moved. Whoever flushes the log meanwhile waits until the disk has the whole piece.
struct Pieces {
    /// The least for the helper to begin with.
    least: u32,
    /// What the writer moves by itself within some milliseconds.
    few: u32,
}

impl Pieces {
    /// 16 MiB of log: a page that changes often is moved once.
    const LARGE: Self = Self { least: 4096, few: 512 };
    /// 1 MiB: where every page is another one, there is nothing to gain by waiting.
    const SMALL: Self = Self { least: 256, few: 64 };
}

/// Who moves pages now.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Nobody,
    Helper,
    Writer,
}

impl Checkpointer {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        Self { path, options, helper: None, pages: 0, is_scattered: false }
    }

    /// Called by the writer between two transactions, with its connection. Whether the last one changed pages all over the
    /// file.
    pub(super) fn after_commit(&mut self, writer: &Connection, is_scattered: bool) -> rusqlite::Result<()> {
        let (mut pages, mut moved) = checkpoint(writer, LOOK)?;
        let has_begun_anew = pages <= self.pages;
        self.is_scattered = is_scattered || self.is_scattered && !has_begun_anew;
        self.pages = pages;
        if let Some(helper) = self.helper.as_mut().filter(|helper| helper.is_busy) {
            let told = match pages {
                MOST_PAGES.. => helper.done.recv().map_err(|_| TryRecvError::Disconnected),
                _ => helper.done.try_recv(),
            };
            match told {
                Ok(()) => helper.is_busy = false,
                Err(TryRecvError::Empty) => return Ok(()),
                // It panicked: another takes its place.
                Err(TryRecvError::Disconnected) => self.helper = None,
            }
            (pages, moved) = checkpoint(writer, LOOK)?;
        }
        let pieces = if self.is_scattered { Pieces::SMALL } else { Pieces::LARGE };
        match turn(pages, moved, pieces) {
            Turn::Nobody => {}
            Turn::Helper => self.wake()?,
            Turn::Writer => _ = checkpoint(writer, MOVE)?,
        }
        Ok(())
    }

    fn wake(&mut self) -> rusqlite::Result<()> {
        let mut helper = match self.helper.take() {
            Some(helper) => helper,
            None => Helper::start(connection::writer(&self.path, &self.options)?)?,
        };
        // It ends only when this does.
        helper.is_busy = helper.wake.send(()).is_ok();
        self.helper = Some(helper);
        Ok(())
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        let Some(Helper { wake, done, thread, .. }) = self.helper.take() else { return };
        drop((wake, done));
        if thread.join().is_err() {
            tracing::error!("the thread that moves the log panicked");
        }
    }
}

impl Helper {
    fn start(connection: Connection) -> rusqlite::Result<Self> {
        let (wake, woken) = mpsc::sync_channel(1);
        let (tell, done) = mpsc::sync_channel(1);
        let work = move || {
            for () in woken {
                if let Err(error) = checkpoint(&connection, MOVE) {
                    tracing::warn!(%error, "the log can't be moved into the database; it is tried again");
                }
                // Whoever is gone needs no telling.
                let _ = tell.send(());
            }
        };
        let thread = thread::Builder::new().name("tokenry-checkpoint".to_owned()).spawn(work);
        let thread = thread.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Self { wake, done, is_busy: false, thread })
    }
}

/// What to do about a log of so many `pages`, of which so many are `moved`.
fn turn(pages: u32, moved: u32, pieces: Pieces) -> Turn {
    let waiting = pages.saturating_sub(moved);
    let is_begun = moved > 0 && waiting > 0;
    match waiting {
        // Whoever writes faster than the helper moves must wait once, lest the log grows without end.
        _ if pages >= MOST_PAGES && waiting > 0 => Turn::Writer,
        _ if waiting >= pieces.least => Turn::Helper,
        _ if is_begun && waiting <= pieces.few => Turn::Writer,
        _ if is_begun => Turn::Helper,
        _ => Turn::Nobody,
    }
}

/// The pages in the log, and how many of them are in the database, after `sql`. Both are 0 where there is no telling.
fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<(u32, u32)> {
    let number = |row: &rusqlite::Row, at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.try_into().unwrap_or(0));
    connection.prepare_cached(sql)?.query_row([], |row| Ok((number(row, 1)?, number(row, 2)?)))
}

/// 64 MiB.
const MOST_PAGES: u32 = 16384;
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
/// What no reader needs in the log any more; no one is waited for.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_is_moved_beside_the_writer_and_the_rest_by_it() {
        for (pages, moved, pieces, expected) in [
            (0, 0, Pieces::LARGE, Turn::Nobody),
            (4095, 0, Pieces::LARGE, Turn::Nobody),
            (4096, 0, Pieces::LARGE, Turn::Helper),
            (6000, 4096, Pieces::LARGE, Turn::Helper),
            (6000, 5500, Pieces::LARGE, Turn::Writer),
            (6000, 6000, Pieces::LARGE, Turn::Nobody),
            (16384, 0, Pieces::LARGE, Turn::Writer),
            (16384, 16384, Pieces::LARGE, Turn::Nobody),
            (255, 0, Pieces::SMALL, Turn::Nobody),
            (256, 0, Pieces::SMALL, Turn::Helper),
            (400, 256, Pieces::SMALL, Turn::Helper),
            (300, 256, Pieces::SMALL, Turn::Writer),
            (16384, 0, Pieces::SMALL, Turn::Writer),
        ] {
            assert_eq!(turn(pages, moved, pieces), expected, "{pages} {moved}");
        }
    }

    /// Writes some 120 MiB in small commits, with a reader now and then: the log begins anew again and again.
    #[test]
    fn the_log_stays_bounded_while_the_writer_never_rests() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenry.db");
        let options = Options::default();
        let writer = super::super::migrations::open(&path, &options).unwrap();
        writer
            .execute_batch("CREATE TABLE filler (id INTEGER PRIMARY KEY, text TEXT); PRAGMA synchronous = OFF")
            .unwrap();
        let mut checkpointer = Checkpointer::new(path.clone(), options);
        let (mut largest, mut restarts, mut last) = (0, 0, 0);
        let patience = Options::default().busy_timeout;
        for n in 0..600 {
            let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50) \
                        INSERT OR REPLACE INTO filler SELECT abs(random() % 100000), hex(randomblob(1800)) FROM n";
            writer.execute(fill, []).unwrap();
            checkpointer.after_commit(&writer, n >= 300).unwrap();
            let (pages, _) = checkpoint(&writer, LOOK).unwrap();
            restarts += u32::from(pages < last);
            (largest, last) = (largest.max(pages), pages);
            if n % 100 == 0 {
                let reader = connection::reader(&path, patience).unwrap();
                reader.query_row("SELECT count(*) FROM filler", [], |row| row.get::<_, i64>(0)).unwrap();
            }
        }
        assert!(restarts > 0, "{restarts}");
        assert!(largest < MOST_PAGES + 1000, "{largest} pages");
        drop(checkpointer);
        assert_eq!(writer.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    }
}
