use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use tokenry_domain::audit::AuditKind;
use tokenry_domain::store::{Horizon, Store, StoreError, Write};
use tokenry_store::{Options, Sqlite};

use crate::sample::{NOW, commit, event, later, session, session_id, user, user_id};
use crate::{child, open, place};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_changes_nothing_and_recovers_when_there_is_room() {
    let (_directory, path) = place();
    let limited = Options { max_pages: Some(64), ..Options::default() };
    let store = Sqlite::open(&path, limited).unwrap();
    commit(&store, [Write::InsertSession(session(1, 1))]).await;
    let mut stored = 0;
    let error = loop {
        let events = (0..20).map(|_| Write::Audit(event(AuditKind::LoggedIn, NOW)));
        match store.commit(events.chain([Write::InsertUser(user(stored + 1))]).collect()).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(stored > 0);
    assert!(store.user(user_id(stored)).await.unwrap().is_some());
    assert!(store.user(user_id(stored + 1)).await.unwrap().is_none());
    commit(&store, [Write::UpdateSession(session(1, 1))]).await;
    let horizon = Horizon { sessions: NOW, audit: later(1) };
    assert!(store.sweep(NOW, horizon, 1000).await.unwrap() > 0);
    commit(&store, [Write::InsertUser(user(stored + 1))]).await;
    drop(store);
    let store = open(&path);
    for n in 2..200 {
        commit(&store, [Write::InsertUser(user(stored + n))]).await;
    }
}

/// The log can't grow: the very write of a refresh fails, and so does the one that asks whether writing works.
#[cfg(target_os = "linux")]
#[test]
fn a_refresh_that_finds_the_disk_full_can_be_repeated_when_there_is_room() {
    let (_directory, path) = place();
    drop(open(&path));
    let mut process = child::limited(2048, "fill", &path).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    for line in lines.map_while(Result::ok) {
        let Some(line) = child::told(&line) else { continue };
        if line == "full" {
            let lifted =
                Command::new("prlimit").args(["--pid", &process.id().to_string(), "--fsize=unlimited"]).status();
            assert!(lifted.unwrap().success());
        }
        told.push(line.to_owned());
    }
    assert!(process.wait().unwrap().success());
    assert_eq!(told, ["full", "room"]);
}

/// Refreshes one session until the disk is full, and again until it is not.
pub async fn fill(path: &Path) {
    let store = open(path);
    let mut device = session(1, 1);
    commit(&store, [Write::InsertSession(device.clone())]).await;
    let error = loop {
        match store.commit(vec![Write::UpdateSession(device.clone())]).await {
            Ok(_) => device.version += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let (stored, _) = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.version, device.version);
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    child::tell("full");
    while store.ready().await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    commit(&store, [Write::UpdateSession(device.clone())]).await;
    let (stored, _) = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.version, device.version + 1);
    child::tell("room");
}
