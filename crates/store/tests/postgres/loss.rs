use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokenry_domain::store::{Store, StoreError, Write};
use tokenry_store::PostgresOptions as Options;
use tokenry_store::PostgresStore;
use tokio::task::JoinSet;

use crate::cluster::{self, Cluster};
use crate::sample::{commit, session_id, user, user_id};
use crate::{assert_unavailable, client, connect, recovered};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_unavailable_until_it_is_back() {
    let cluster = Cluster::start(&["fsync=off"]);
    let store = connect(&cluster.database(&[])).await;
    commit(&store, [Write::InsertUser(user(1))]).await;
    for _ in 0..2 {
        cluster.stop();
        assert_unavailable(&store).await;
        cluster.start_again();
        recovered(&store).await;
        assert!(store.user(user_id(1)).await.unwrap().is_some());
        assert!(store.user(user_id(99)).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_unavailable_until_it_goes_on() {
    let cluster = Cluster::start(&["fsync=off"]);
    let store = connect(&cluster.database(&[])).await;
    store.ready().await.unwrap();
    cluster.freeze(true);
    assert_unavailable(&store).await;
    // Those who come together wait together, not one after the other.
    let store = Arc::new(store);
    let started = Instant::now();
    let look_up = |n| {
        let store = Arc::clone(&store);
        async move { store.session(session_id(n)).await }
    };
    let found = JoinSet::from_iter((0..2000).map(look_up)).join_all().await;
    assert!(found.iter().all(|found| matches!(found, Err(StoreError::Unavailable(_)))));
    assert!(started.elapsed() < Options::default().patience * 2, "{:?}", started.elapsed());
    cluster.freeze(false);
    recovered(&store).await;
    assert!(store.keys().await.unwrap().is_empty());
}

/// Nothing that was answered is lost, although the server's own default would answer before it has written.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_has_all_that_was_answered() {
    let cluster = Cluster::start(&["fsync=off", "synchronous_commit=off", "wal_writer_delay=10s"]);
    let store = Arc::new(connect(&cluster.database(&[])).await);
    let answered = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> =
        (0..4).map(|task| tokio::spawn(write(Arc::clone(&store), task, Arc::clone(&answered)))).collect();
    while answered.load(Ordering::Relaxed) < 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cluster.kill();
    let mut kept = Vec::new();
    for task in tasks {
        kept.extend(task.await.unwrap());
    }
    assert_unavailable(&store).await;
    cluster.start_again();
    recovered(&store).await;
    for n in kept {
        assert!(store.user(user_id(n)).await.unwrap().is_some(), "{n} was answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_breaks_off_are_replaced() {
    let url = cluster::database(&[]);
    let store = connect(&url).await;
    let other = client(&url).await;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid()";
    for _ in 0..20 {
        store.ready().await.unwrap();
        other.batch_execute(kill).await.unwrap();
        // A read is done again by itself, whatever moment the connection was lost at.
        store.keys().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_reads_is_unavailable_for_writes() {
    let url = cluster::database(&[]);
    let store = connect(&url).await;
    let name = url.split(['/', '?']).nth(3).unwrap().to_owned();
    let admin = client(&url).await;
    admin.batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    let fresh = connect(&url).await;
    assert!(fresh.keys().await.unwrap().is_empty());
    assert!(fresh.ready().await.is_err());
    let error = fresh.commit(vec![Write::InsertUser(user(1))]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("25006")), "{error}");
    drop(store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_free_connections_is_unavailable_until_there_is_one() {
    let cluster = Cluster::start(&["fsync=off", "max_connections=8", "superuser_reserved_connections=0"]);
    let url = cluster.database(&[]);
    let store = connect(&url).await;
    commit(&store, [Write::InsertUser(user(1))]).await;
    drop(store);
    let mut others = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
        others.push((client, tokio::spawn(connection)));
    }
    let error = PostgresStore::connect(&url, Default::default()).await.unwrap_err();
    assert!(error.to_string().contains("53300"), "{error}");
    drop(others);
    let mut store = PostgresStore::connect(&url, Default::default()).await;
    while store.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        store = PostgresStore::connect(&url, Default::default()).await;
    }
    assert!(store.unwrap().user(user_id(1)).await.unwrap().is_some());
}

/// A row that someone else holds is waited for no longer than a caller waits, and the connections are free again.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_held_by_another_program_is_unavailable_until_it_is_let_go() {
    let url = cluster::database(&[]);
    let store = connect(&url).await;
    commit(&store, [Write::InsertUser(user(1))]).await;
    let holder = client(&url).await;
    holder.batch_execute("BEGIN; SELECT id FROM users FOR UPDATE").await.unwrap();
    let held = || store.commit(vec![Write::UpdateUser(user(1))]);
    let (first, second) = tokio::join!(held(), held());
    assert!(first.is_err() && second.is_err());
    holder.batch_execute("ROLLBACK").await.unwrap();
    let store = Arc::new(store);
    let others = (2..50).map(|n| {
        let store = Arc::clone(&store);
        async move { store.commit(vec![Write::InsertUser(user(n))]).await }
    });
    assert!(JoinSet::from_iter(others).join_all().await.iter().all(Result::is_ok));
    recovered_row(&store).await;
}

/// A commit that was not answered may yet have happened, once: the row can be read, and changed again.
async fn recovered_row(store: &PostgresStore) {
    let stored = store.user(user_id(1)).await.unwrap().unwrap();
    assert!(stored.version <= 1, "{}", stored.version);
    commit(store, [Write::UpdateUser(stored)]).await;
}

/// Commits accounts until the first failure, and gives those that were answered.
async fn write(store: Arc<PostgresStore>, task: u64, answered: Arc<AtomicU64>) -> Vec<u64> {
    let mut kept = Vec::new();
    for n in 0.. {
        let number = 1000 + task * 1_000_000 + n;
        if store.commit(vec![Write::InsertUser(user(number))]).await.is_err() {
            break;
        }
        kept.push(number);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    kept
}
