use std::sync::Arc;

use tokenry_domain::keys::{KeyState, Purpose};
use tokenry_domain::store::{Store, Write};
use tokenry_store::{ConnectError, PostgresOptions, PostgresStore};

use crate::cluster;
use crate::sample::{commit, default_life, key, user, user_id};
use crate::{client, connect};

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_that_start_at_once_make_one_schema() {
    for isolation in ["'read committed'", "serializable"] {
        let url = Arc::new(cluster::database(&[&format!("default_transaction_isolation = {isolation}")]));
        let starts: Vec<_> = (1..=8)
            .map(|n| {
                let url = Arc::clone(&url);
                tokio::spawn(async move { commit(&connect(&url).await, [Write::InsertUser(user(n))]).await })
            })
            .collect();
        for start in starts {
            start.await.unwrap();
        }
        let store = connect(&url).await;
        for n in 1..=8 {
            assert!(store.user(user_id(n)).await.unwrap().is_some());
        }
        assert_eq!(history(&url).await, steps());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_untouched() {
    let url = cluster::database(&[]);
    connect(&url).await;
    let newer = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
    client(&url).await.batch_execute(newer).await.unwrap();
    client(&url).await.batch_execute("DROP TABLE migration_lock").await.unwrap();
    let error = PostgresStore::connect(&url, PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Newer { found: 99, known } if i64::from(known) == steps()), "{error}");
    assert_eq!(history(&url).await, steps() + 1);
    let lock = "SELECT to_regclass('migration_lock')::text";
    assert_eq!(client(&url).await.query_one(lock, &[]).await.unwrap().get::<_, Option<String>>(0), None);
}

/// How long their tokens live was not written down. A node that was not replaced yet writes keys as before.
#[tokio::test]
async fn keys_from_before_signed_for_as_long_as_is_the_default() {
    let url = cluster::database(&[]);
    let made = Purpose::ALL.map(|purpose| Write::InsertKey(key(purpose.name(), purpose, KeyState::Signing)));
    commit(&connect(&url).await, made).await;
    let before = "ALTER TABLE keys DROP COLUMN token_life; ALTER TABLE keys DROP COLUMN token_life_since; \
                  DELETE FROM refinery_schema_history WHERE version = 4";
    client(&url).await.batch_execute(before).await.unwrap();
    let store = connect(&url).await;
    for record in store.keys().await.unwrap() {
        assert_eq!(record.token_life, default_life(record.purpose));
    }
    let insert = "INSERT INTO keys (kid, purpose, algorithm, state, created_at, changed_at, version) \
                  VALUES ('new', 'access', 'EdDSA', 'upcoming', 1, 1, 0)";
    client(&url).await.batch_execute(insert).await.unwrap();
    assert_eq!(store.keys().await.unwrap()[0].token_life, default_life(Purpose::Access));
}

/// The first node is killed in the middle: what it had done is undone, and the one that waited does all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_killed_half_way_is_done_by_the_next() {
    let url = cluster::database(&[]);
    let first = client(&url).await;
    let half = "CREATE TABLE migration_lock (id bigint NOT NULL PRIMARY KEY); INSERT INTO migration_lock VALUES (1)";
    first.batch_execute(half).await.unwrap();
    first
        .batch_execute("BEGIN; SELECT id FROM migration_lock FOR UPDATE; CREATE TABLE users (id bigint)")
        .await
        .unwrap();
    let second = tokio::spawn({
        let url = url.clone();
        async move { connect(&url).await }
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let other = client(&url).await;
    while other.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' \
                AND datname = current_database()";
    other.batch_execute(kill).await.unwrap();
    second.await.unwrap().ready().await.unwrap();
    assert_eq!(history(&url).await, steps());
}

#[tokio::test]
async fn an_isolation_in_which_changes_could_be_missed_is_refused() {
    let url = cluster::database(&["default_transaction_isolation = 'repeatable read'"]);
    let error = PostgresStore::connect(&url, PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Isolation), "{error}");
}

#[tokio::test]
async fn another_programs_tables_are_left_alone() {
    let url = cluster::database(&[]);
    client(&url).await.batch_execute("CREATE TABLE users (theirs text)").await.unwrap();
    let error = PostgresStore::connect(&url, PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Migration(_)), "{error}");
    client(&url).await.batch_execute("SELECT theirs FROM users").await.unwrap();
    let tables = "SELECT to_regclass('sessions')::text";
    assert_eq!(client(&url).await.query_one(tables, &[]).await.unwrap().get::<_, Option<String>>(0), None);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let url = "postgres://someone:secret@127.0.0.1:1/db";
    let error = PostgresStore::connect(url, PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unavailable(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

/// How many steps there are.
fn steps() -> i64 {
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    std::fs::read_dir(migrations).unwrap().count() as i64
}

async fn history(url: &str) -> i64 {
    client(url).await.query_one("SELECT count(*) FROM refinery_schema_history", &[]).await.unwrap().get(0)
}
