use std::sync::Arc;

use tokenry_domain::session::{Client, Session};
use tokenry_domain::store::{Store, StoreError, UserPage, Write};

use crate::cluster;
use crate::connect;
use crate::sample::{commit, session, session_id, user};

#[tokio::test]
async fn a_session_that_can_not_be_held_takes_no_other_along() {
    let store = Arc::new(connect(&cluster::database(&[])).await);
    for n in 0..40 {
        commit(&*store, [Write::InsertSession(session(n, 1))]).await;
    }
    let updates: Vec<_> = (0..40)
        .map(|n| {
            let store = Arc::clone(&store);
            let device = if n == 20 { "a\0b" } else { "a" };
            let client = Client { address: None, device: Some(device.to_owned()) };
            let update = Write::UpdateSession(Session { client, ..session(n, 1) });
            tokio::spawn(async move { store.commit(vec![update]).await })
        })
        .collect();
    for (n, update) in updates.into_iter().enumerate() {
        match update.await.unwrap() {
            Err(StoreError::Corrupt(_)) => assert_eq!(n, 20),
            outcome => assert!(outcome.is_ok() && n != 20, "{n}: {outcome:?}"),
        }
    }
}

/// PostgreSQL holds no NUL: a text with one is refused whole, and what looks for one finds nothing.
#[tokio::test]
async fn a_text_that_can_not_be_held_is_refused() {
    let store = connect(&cluster::database(&[])).await;
    let client = Client { address: None, device: Some("a\0b".to_owned()) };
    let outcome =
        store.commit(vec![Write::InsertUser(user(1)), Write::InsertSession(Session { client, ..session(1, 1) })]);
    assert!(matches!(outcome.await, Err(StoreError::Corrupt(_))));
    assert!(store.session(session_id(1)).await.unwrap().is_none());
    let page = |contains: &str| UserPage { contains: Some(contains.to_owned()), limit: 9, ..UserPage::default() };
    assert!(store.users(page("")).await.unwrap().is_empty());
    commit(&store, [Write::InsertUser(user(1))]).await;
    assert!(store.users(page("\0")).await.unwrap().is_empty());
    assert_eq!(store.users(page("")).await.unwrap().len(), 1);
}
