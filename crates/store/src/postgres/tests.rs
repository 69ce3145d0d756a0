//! Every statement, held against the database.

use tokenry_domain::time::{Clock, Timestamp};

use super::*;
use crate::cluster;

#[tokio::test]
async fn every_statement_is_one_that_the_database_understands() {
    let store = PostgresStore::connect(&cluster::database(&[]), Options::default()).await.unwrap();
    let lease = store.pool.lease().await.unwrap();
    for sql in statements::ALL {
        lease.client().prepare(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }
}

#[tokio::test]
async fn a_transaction_waits_for_the_disk_whatever_the_default_is() {
    let options = Options { pool_size: 1, ..Options::default() };
    let settings = ["synchronous_commit = off", "statement_timeout = 60000"];
    let store = PostgresStore::connect(&cluster::database(&settings), options).await.unwrap();
    let show = "SELECT current_setting('synchronous_commit'), current_setting('statement_timeout')";
    let settings = |rows: &[tokio_postgres::Row]| -> (String, String) { (rows[0].get(0), rows[0].get(1)) };
    // One statement and several go different ways.
    for steps in [1, 2] {
        let steps = (0..steps).map(|_| Step::new(show, Vec::new())).collect();
        for rows in store.pool.transact(steps).await.unwrap() {
            assert_eq!(settings(&rows), ("on".to_owned(), "0".to_owned()));
        }
        let after = store.pool.read(show, Vec::new()).await.unwrap();
        assert_eq!(settings(&after), ("off".to_owned(), "1min".to_owned()), "nothing stays on the connection");
    }
}

#[tokio::test]
async fn a_rotation_writes_no_index() {
    let store = PostgresStore::connect(&cluster::database(&[]), Options::default()).await.unwrap();
    let lease = store.pool.lease().await.unwrap();
    let changed = sessions::UPDATE.split_once(" SET ").unwrap().1.split_once(" WHERE ").unwrap().0;
    let indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'sessions'";
    for index in lease.client().query(indexes, &[]).await.unwrap() {
        let index: String = index.get(0);
        for column in changed.split(',').map(|part| part.split_once(" = ").unwrap().0.trim()) {
            assert!(!index.split(['(', ')', ' ', ',']).any(|word| word == column), "{column}: {index}");
        }
    }
}

/// However many rows are due, a step reads its own from an index, in order.
#[tokio::test]
async fn a_sweep_sorts_nothing() {
    let store = PostgresStore::connect(&cluster::database(&[]), Options::default()).await.unwrap();
    let lease = store.pool.lease().await.unwrap();
    // As for a table that is too large to be read through.
    lease.client().batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
    for (sql, index) in
        [(sweep::REVOCATIONS, "revocations_pkey"), (sweep::AUDIT, "audit_at"), (sweep::SESSIONS, "sessions_due")]
    {
        let sql = format!("EXPLAIN {}", sql.replace("$1", "1764000000000").replace("$2", "200").replace("$3", "0"));
        let rows = lease.client().query(&sql, &[]).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(plan.iter().any(|line| line.contains(&format!("Index Scan using {index} "))), "{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("Sort")), "{plan:#?}");
    }
}

#[tokio::test]
async fn the_databases_clock_is_read_against_ones_own() {
    struct Shifted(i64);
    impl Clock for Shifted {
        #[expect(clippy::disallowed_methods, reason = "to be compared with the database's")]
        fn now(&self) -> Timestamp {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            Timestamp::from_millis(since.as_millis() as i64 + self.0)
        }
    }
    let store = PostgresStore::connect(&cluster::database(&[]), Options::default()).await.unwrap();
    for shift in [0, 3_600_000, -3_600_000] {
        let offset = store.clock_offset(&Shifted(shift)).await.unwrap();
        assert!((offset + shift).abs() < 1000, "{shift}: {offset}");
    }
}
