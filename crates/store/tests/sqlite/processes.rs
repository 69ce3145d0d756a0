use std::io::{BufRead, BufReader};
use std::path::Path;

use tokenry_domain::store::{Conflict, Store, StoreError, UserPage, Write};
use tokenry_store::{LockError, ServeLock};

use crate::sample::{commit, session, session_id, user};
use crate::{child, open, place};

#[test]
fn several_may_make_one_database_at_once() {
    for _ in 0..3 {
        let (_directory, path) = place();
        let children: Vec<_> = (0..4).map(|_| child::command("open", &path).spawn().unwrap()).collect();
        for child in children {
            assert!(child.wait_with_output().unwrap().status.success());
        }
        drop(open(&path));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_write_at_once() {
    let (_directory, path) = place();
    let store = open(&path);
    commit(&store, [Write::InsertSession(session(1, 1))]).await;
    let child = child::command("add", &path).spawn().unwrap();
    let ours = add_to(&store).await;
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let theirs: u64 = output.lines().find_map(child::told).unwrap().parse().unwrap();
    let users = store.users(UserPage { limit: 1000, ..UserPage::default() }).await.unwrap();
    assert_eq!(users.len(), 400);
    let (stored, _) = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.version, ours + theirs);
}

/// What a command beside the server does.
pub async fn add(path: &Path) {
    child::tell(&add_to(&open(path)).await.to_string());
}

#[test]
fn a_second_server_is_refused_until_the_first_is_gone() {
    let (_directory, path) = place();
    let mut server = child::command("serve", &path).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| child::told(&line) == Some("serving")));
    assert!(matches!(ServeLock::acquire(&path), Err(LockError::AlreadyServing(_))));
    drop(open(&path));
    server.kill().unwrap();
    server.wait().unwrap();
    ServeLock::acquire(&path).unwrap();
}

/// Serves until it is killed.
pub fn serve(path: &Path) {
    let _lock = ServeLock::acquire(path).unwrap();
    child::tell("serving");
    _ = std::io::stdin().read_line(&mut String::new());
}

/// Adds 200 users and tries to refresh a session as often; says how often it could.
async fn add_to(store: &dyn Store) -> u64 {
    let first = u64::from(std::process::id()) * 1000;
    let mut refreshed = 0;
    for n in first..first + 200 {
        commit(store, [Write::InsertUser(user(n))]).await;
        let (stored, _) = store.session(session_id(1)).await.unwrap().unwrap();
        match store.commit(vec![Write::UpdateSession(stored)]).await {
            Ok(_) => refreshed += 1,
            Err(StoreError::Conflict(Conflict::Changed)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    refreshed
}
