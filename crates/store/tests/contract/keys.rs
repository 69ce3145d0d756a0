use std::sync::Arc;

use tokenry_domain::keys::{KeyRecord, KeyState, Purpose};
use tokenry_domain::store::{Conflict, Store, StoreError, Write};

use crate::sample::{assert_conflict, commit, key, later};

pub async fn come_back_oldest_first(store: Arc<dyn Store>) {
    assert!(store.keys().await.unwrap().is_empty());
    let newer = KeyRecord { created_at: later(10), ..key("a", Purpose::Access, KeyState::Verifying) };
    let older = KeyRecord { public: None, private: None, ..key("b", Purpose::Refresh, KeyState::Gone) };
    commit(&*store, [newer.clone(), older.clone()].map(Write::InsertKey)).await;
    let stored = store.keys().await.unwrap();
    assert_eq!(format!("{stored:?}"), format!("{:?}", [older, newer]));
}

pub async fn a_taken_name_is_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertKey(key("a", Purpose::Access, KeyState::Gone))]).await;
    let same = key("a", Purpose::Refresh, KeyState::Gone);
    assert_conflict(store.commit(vec![Write::InsertKey(same)]).await, Conflict::Id);
}

pub async fn there_is_one_upcoming_and_one_signing_of_each_purpose(store: Arc<dyn Store>) {
    for purpose in [Purpose::Access, Purpose::Refresh] {
        for state in [KeyState::Upcoming, KeyState::Signing] {
            let name = format!("{} {}", purpose.name(), state.name());
            commit(&*store, [Write::InsertKey(key(&name, purpose, state))]).await;
            let second = key(&format!("{name} 2"), purpose, state);
            assert_conflict(store.commit(vec![Write::InsertKey(second)]).await, Conflict::Changed);
        }
        for state in [KeyState::Verifying, KeyState::Gone] {
            let names = ["1", "2"].map(|n| format!("{} {} {n}", purpose.name(), state.name()));
            commit(&*store, names.map(|name| Write::InsertKey(key(&name, purpose, state)))).await;
        }
    }
    let second = key("access verifying 1", Purpose::Access, KeyState::Signing);
    assert_conflict(store.commit(vec![Write::UpdateKey(second)]).await, Conflict::Changed);
    assert_eq!(store.keys().await.unwrap().len(), 12);
}

pub async fn a_rotation_is_one_commit_and_only_one_wins(store: Arc<dyn Store>) {
    let old = key("old", Purpose::Access, KeyState::Signing);
    let new = key("new", Purpose::Access, KeyState::Upcoming);
    commit(&*store, [old.clone(), new.clone()].map(Write::InsertKey)).await;
    let rotation = vec![
        Write::UpdateKey(KeyRecord { state: KeyState::Verifying, ..old }),
        Write::UpdateKey(KeyRecord { state: KeyState::Signing, changed_at: later(9), ..new }),
    ];
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (store, rotation) = (Arc::clone(&store), rotation.clone());
            tokio::spawn(async move { store.commit(rotation).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(StoreError::Conflict(Conflict::Changed)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(done, 1);
    let states: Vec<_> =
        store.keys().await.unwrap().iter().map(|key| (key.kid.clone(), key.state, key.version)).collect();
    assert_eq!(states, [("new".to_owned(), KeyState::Signing, 1), ("old".to_owned(), KeyState::Verifying, 1)]);
}

pub async fn an_update_replaces_all_and_erases(store: Arc<dyn Store>) {
    let made = key("a", Purpose::Access, KeyState::Verifying);
    commit(&*store, [Write::InsertKey(made.clone())]).await;
    let gone = KeyRecord { state: KeyState::Gone, private: None, changed_at: later(99), ..made };
    commit(&*store, [Write::UpdateKey(gone.clone())]).await;
    let stored = store.keys().await.unwrap();
    assert_eq!(format!("{stored:?}"), format!("{:?}", [KeyRecord { version: 1, ..gone.clone() }]));
    assert_conflict(store.commit(vec![Write::UpdateKey(gone)]).await, Conflict::Changed);
}
