//! What statements cost, by SQLite's own plans.

use rusqlite::Connection;
use tempfile::TempDir;
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::session::{Client, Method, Session, SessionSecret};
use tokenry_domain::store::Write;
use tokenry_domain::time::Timestamp;

use super::work::Work;
use super::{Options, audit, keys, mails, migrations, sessions, statements};

#[test]
fn one_row_is_written_per_rotation() {
    let (_directory, connection) = open();
    let mut session = session();
    Work::Commit(vec![Write::InsertSession(session.clone())]).run(&connection).unwrap();
    for version in 0..10 {
        let before = connection.total_changes();
        session.version = version;
        session.refresh.head.generation += 1;
        session.expires_at = Timestamp::from_seconds(session.expires_at.seconds() + 100);
        Work::Commit(vec![Write::UpdateSession(session.clone())]).run(&connection).unwrap();
        assert_eq!(connection.changes(), 1);
        assert_eq!(connection.total_changes() - before, 1);
    }
}

#[test]
fn no_index_is_written_per_rotation() {
    let (_directory, connection) = open();
    let steps = column(&connection, &format!("EXPLAIN {}", sessions::UPDATE), 1);
    assert_eq!(steps.iter().filter(|step| *step == "Insert").count(), 1);
    assert!(!steps.iter().any(|step| step == "IdxInsert" || step == "IdxDelete"), "{steps:?}");
}

#[test]
fn every_statement_is_one_that_the_database_understands() {
    let (_directory, connection) = open();
    for sql in statements::ALL {
        connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
}

#[test]
fn no_table_is_read_through_and_nothing_is_sorted() {
    let (_directory, connection) = open();
    for sql in statements::ALL {
        for step in column(&connection, &format!("EXPLAIN QUERY PLAN {sql}"), 3) {
            let is_expected = ALLOWED.iter().any(|(statement, part)| sql == statement && step.contains(part))
                || step.starts_with("SCAN json_each")
                || step == "SCAN CONSTANT ROW";
            assert!(is_expected || !(step.starts_with("SCAN") || step.contains("TEMP B-TREE")), "{step}: {sql}");
        }
    }
}

/// What is bounded although it is sorted.
const ALLOWED: [(&str, &str); 4] = [
    // A handful of keys.
    (keys::ALL, ""),
    // Mails that wait, for who measures.
    (mails::QUEUE, ""),
    // Sessions of one user that were made in one millisecond.
    (sessions::LIVE_OF, "LAST TERM OF ORDER BY"),
    // The events of the time that was asked for.
    (audit::SINCE, "ORDER BY"),
];

fn open() -> (TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let connection = migrations::open(&directory.path().join("tokenry.db"), &Options::default()).unwrap();
    (directory, connection)
}

fn column(connection: &Connection, sql: &str, at: usize) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.raw_query().mapped(|row| row.get(at));
    rows.map(Result::unwrap).collect()
}

fn session() -> Session {
    let now = Timestamp::from_seconds(1_764_000_000);
    Session {
        id: SessionId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        method: Method::Token,
        identity: None,
        secret: SessionSecret::from_bytes([3; 32]),
        refresh: RefreshState::initial(None),
        created_at: now,
        last_used_at: now,
        expires_at: now,
        ends_at: None,
        client: Client::default(),
        end: None,
        version: 0,
    }
}
