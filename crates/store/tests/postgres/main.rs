//! What only the PostgreSQL store promises: several nodes, lost connections, PgBouncer.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "../support/bouncer.rs"]
mod bouncer;
#[path = "../support/cluster.rs"]
#[allow(dead_code)]
mod cluster;
mod loss;
mod opening;
mod pooled;
mod refusal;
#[path = "../contract/sample.rs"]
#[allow(dead_code)]
mod sample;

use std::time::{Duration, Instant};

use tokenry_domain::store::{Store, StoreError};
use tokenry_store::{PostgresOptions, PostgresStore};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(url, PostgresOptions::default()).await.unwrap()
}

/// A connection beside the store.
async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Waits until the store answers again by itself.
async fn recovered(store: &PostgresStore) {
    let started = Instant::now();
    while store.ready().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// That a read, a commit and the question whether it is ready are all answered as unavailable, and soon.
async fn assert_unavailable(store: &PostgresStore) {
    let started = Instant::now();
    let commit = store.commit(vec![tokenry_domain::store::Write::InsertUser(sample::user(99))]);
    let (read, commit, ready) = tokio::join!(store.keys(), commit, store.ready());
    for outcome in [read.map(drop), commit.map(drop), ready] {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}
