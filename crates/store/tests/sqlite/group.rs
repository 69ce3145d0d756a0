use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokenry_domain::audit::{AuditFilter, AuditKind};
use tokenry_domain::store::{Horizon, Store, StoreError, UserPage, Write};
use tokenry_store::{Options, Sqlite};

use crate::sample::{NOW, commit, event, later, session, user, user_id};
use crate::{open, place};

/// While the database is held, commits gather; when it is free they are done together, and each is whole or not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commit_in_a_group_takes_nothing_with_it() {
    let (_directory, path) = place();
    let store = Arc::new(open(&path));
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tasks: Vec<_> = (1..=200)
        .map(|n| {
            let store = Arc::clone(&store);
            let mut second = user(1000 + n);
            if n % 3 == 0 {
                second.username = user(n).username;
            }
            let writes = vec![
                Write::Audit(event(AuditKind::UserCreated, NOW)),
                Write::InsertUser(user(n)),
                Write::InsertUser(second),
            ];
            tokio::spawn(async move { store.commit(writes).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    holder.execute_batch("COMMIT").unwrap();
    for (task, n) in tasks.into_iter().zip(1..) {
        let is_made = n % 3 != 0;
        assert_eq!(task.await.unwrap().is_ok(), is_made);
        assert_eq!(store.user(user_id(n)).await.unwrap().is_some(), is_made);
        assert_eq!(store.user(user_id(1000 + n)).await.unwrap().is_some(), is_made);
    }
    let events = store.audit(AuditFilter { limit: 1000, ..AuditFilter::default() }).await.unwrap();
    assert_eq!(events.len(), 134);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_held_by_another_process_is_unavailable_until_it_is_let_go() {
    let (_directory, path) = place();
    let options = Options { busy_timeout: Duration::from_millis(50), ..Options::default() };
    let store = Sqlite::open(&path, options).unwrap();
    store.ready().await.unwrap();
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.commit(vec![Write::InsertUser(user(1))]).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(store.user(user_id(1)).await.unwrap().is_none());
    holder.execute_batch("ROLLBACK").unwrap();
    store.ready().await.unwrap();
    commit(&store, [Write::InsertUser(user(1))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_queue_holds_is_refused_at_once() {
    let (_directory, path) = place();
    let patient = Options { busy_timeout: Duration::from_secs(60), ..Options::default() };
    let store = Arc::new(Sqlite::open(&path, patient).unwrap());
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tasks: Vec<_> = (1..=6000)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(vec![Write::InsertUser(user(n))]).await })
        })
        .collect();
    // One is in the writer's hands.
    let expected = 6000 - 4096 - 1;
    while tasks.iter().filter(|task| task.is_finished()).count() < expected {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holder.execute_batch("COMMIT").unwrap();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
    }
    assert!((4000..=6000 - expected).contains(&made), "{made}");
    assert_eq!(store.users(UserPage { limit: 9999, ..UserPage::default() }).await.unwrap().len(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_is_queued_and_leaves_one_file() {
    let (directory, path) = place();
    let store = open(&path);
    let commits: Vec<_> = (1..=100).map(|n| store.commit(vec![Write::InsertUser(user(n))])).collect();
    for mut one in commits {
        // Once is enough to queue it; the caller does not wait for the answer.
        std::future::poll_fn(|context| {
            _ = one.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
    }
    drop(store);
    let files = std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name());
    let files: Vec<_> = files.filter(|name| !name.to_string_lossy().ends_with(".lock")).collect();
    assert_eq!(files, ["tokenry.db"]);
    let store = open(&path);
    assert_eq!(store.users(UserPage { limit: 1000, ..UserPage::default() }).await.unwrap().len(), 100);
}

/// What is flushed at once is what others wait for: after a step of removing, far less gathers in the log than otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn while_old_sessions_go_the_log_is_moved_in_small_pieces() {
    let (_directory, path) = place();
    let store = open(&path);
    let empty = std::fs::metadata(&path).unwrap().len();
    commit(&store, (0..5000).map(|n| Write::InsertSession(session(n, 1)))).await;
    let log = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!((1 << 20..16 << 20).contains(&log), "{log} bytes");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), empty);
    let before = Horizon { sessions: later(3000), audit: NOW };
    assert_eq!(store.sweep(later(3000), before, 50).await.unwrap(), 50);
    let started = Instant::now();
    while std::fs::metadata(&path).unwrap().len() == empty {
        assert!(started.elapsed() < Duration::from_secs(10), "nothing is moved");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
