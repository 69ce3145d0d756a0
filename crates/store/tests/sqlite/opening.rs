use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokenry_domain::keys::{KeyState, Purpose};
use tokenry_domain::store::{Store, Write};
use tokenry_store::{OpenError, Options, Sqlite};

use crate::sample::{commit, default_life, key, user, user_id};
use crate::{child, open, place};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_there_when_it_is_opened_again() {
    let (_directory, path) = place();
    for n in 1..=3 {
        let store = open(&path);
        commit(&store, [Write::InsertUser(user(n))]).await;
        for earlier in 1..=n {
            assert!(store.user(user_id(earlier)).await.unwrap().is_some());
        }
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, path) = place();
    let _store = open(&path);
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn it_keeps_a_log_and_strict_tables() {
    let (_directory, path) = place();
    let _store = open(&path);
    let connection = Connection::open(&path).unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let tables = "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND NOT strict \
                  AND name NOT LIKE 'sqlite_%' AND name <> 'refinery_schema_history'";
    assert_eq!(connection.query_row(tables, [], |row| row.get::<_, u32>(0)).unwrap(), 0);
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_untouched() {
    let (directory, path) = place();
    drop(open(&path));
    let newer = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();
    let error = refused(directory.path(), &path);
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("99"), "{error}");
}

#[test]
fn another_programs_file_is_refused_and_untouched() {
    for (sql, text) in [
        ("CREATE TABLE theirs (id); PRAGMA application_id = 7", None),
        ("CREATE TABLE theirs (id)", None),
        ("PRAGMA application_id = 7", None),
        ("", Some("This is no database, but long enough to be one. ".repeat(100))),
    ] {
        let (directory, path) = place();
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => Connection::open(&path).unwrap().execute_batch(sql).unwrap(),
        }
        let error = refused(directory.path(), &path);
        assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    }
}

/// How long their tokens live was not written down.
#[tokio::test]
async fn keys_from_before_signed_for_as_long_as_is_the_default() {
    let (_directory, path) = place();
    let made = Purpose::ALL.map(|purpose| Write::InsertKey(key(purpose.name(), purpose, KeyState::Signing)));
    commit(&open(&path), made).await;
    let before = "ALTER TABLE keys DROP COLUMN token_life; ALTER TABLE keys DROP COLUMN token_life_since; \
                  DELETE FROM refinery_schema_history WHERE version = 4";
    Connection::open(&path).unwrap().execute_batch(before).unwrap();
    for record in open(&path).keys().await.unwrap() {
        assert_eq!(record.token_life, default_life(record.purpose));
    }
}

/// Whatever moment a first start was killed at, the next one goes on.
#[test]
fn a_first_start_that_was_cut_short_is_finished() {
    for sql in [
        "",
        "PRAGMA application_id = 1953197682",
        "PRAGMA application_id = 1953197682; PRAGMA journal_mode = WAL",
        "PRAGMA application_id = 1953197682; CREATE TABLE refinery_schema_history \
         (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))",
    ] {
        let (_directory, path) = place();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        drop(open(&path));
    }
}

/// Killed while its first page was on its way: the journal says that the file was empty before.
#[test]
fn a_first_start_that_was_killed_before_it_had_a_log_is_finished() {
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch("PRAGMA application_id = 1953197682").unwrap();
    fs::write(path.with_extension("db-journal"), journal_of_an_empty_file()).unwrap();
    drop(open(&path));
    assert!(!path.with_extension("db-journal").exists());
}

#[test]
fn another_programs_unfinished_transaction_is_left_alone() {
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (id); PRAGMA application_id = 7").unwrap();
    let journal = path.with_extension("db-journal");
    fs::write(&journal, journal_of_an_empty_file()).unwrap();
    let before = fs::read(&path).unwrap();
    Sqlite::open(&path, Options::default()).unwrap_err();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&journal).unwrap()), (before, journal_of_an_empty_file()));
}

/// Whatever moment a first start is killed at.
#[test]
fn a_first_start_that_is_killed_anywhere_is_finished() {
    for round in 0..60 {
        let (_directory, path) = place();
        let mut process = child::command("first", &path).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        while child::told(&lines.next().unwrap().unwrap()) != Some("opening") {}
        spin(Duration::from_micros(400 * round));
        process.kill().unwrap();
        process.wait().unwrap();
        drop(open(&path));
    }
}

/// What the killed process does.
pub fn open_once(path: &Path) {
    child::tell("opening");
    drop(open(path));
}

fn spin(time: Duration) {
    let started = Instant::now();
    while started.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// SQLite's journal header: no pages to put back, and none in the file.
fn journal_of_an_empty_file() -> Vec<u8> {
    let mut header = vec![0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    for number in [0_u32, 0, 0, 512, 4096] {
        header.extend(number.to_be_bytes());
    }
    header.resize(512, 0);
    header
}

#[test]
fn a_missing_directory_is_named() {
    let error = Sqlite::open(Path::new("/nowhere/tokenry.db"), Options::default()).unwrap_err();
    assert!(error.to_string().contains("/nowhere"), "{error}");
}

fn refused(directory: &Path, path: &Path) -> OpenError {
    let before = fs::read(path).unwrap();
    let error = Sqlite::open(path, Options::default()).unwrap_err();
    assert_eq!(fs::read(path).unwrap(), before);
    let log = fs::metadata(directory.join("tokenry.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0);
    error
}
