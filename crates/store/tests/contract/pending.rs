use std::sync::Arc;

use tokenry_domain::pending::{AppRequest, Attempt, Code, Offer, Pending, PendingId, Waiting, Way};
use tokenry_domain::store::{Conflict, Horizon, Store, StoreError, Write};
use tokio::task::JoinSet;

use crate::sample::{NOW, assert_conflict, commit, identity, later, pending, user_id};

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    let app = AppRequest {
        redirect_uri: "com.example.app:/callback".to_owned(),
        challenge: "c".to_owned(),
        state: Some("\0\"\\ü\u{10ffff}".to_owned()),
    };
    let way = Way { return_to: Some("/a?b=c".to_owned()), app: Some(app) };
    let (person, user) = (identity(1, 1).person, user_id(1));
    let text = || "x".to_owned();
    let waiting = [
        Waiting::Attempt(Attempt {
            provider: text(),
            nonce: text(),
            challenge: text(),
            way: way.clone(),
            linking: Some(user),
        }),
        Waiting::Offer(Offer { user, person, provider: text(), label: text(), way }),
        Waiting::Code(Code { user, identity: identity(1, 1).id, redirect_uri: text(), challenge: text() }),
    ];
    for (n, what) in (1..).zip(waiting) {
        let one = Pending { what, ..pending(n) };
        commit(&*store, [Write::InsertPending(one.clone())]).await;
        assert_eq!(store.pending(one.id).await.unwrap(), Some(one));
    }
    assert!(store.pending(PendingId::of("other")).await.unwrap().is_none());
    assert_conflict(store.commit(vec![Write::InsertPending(pending(1))]).await, Conflict::Id);
}

pub async fn of_fifty_who_spend_it_at_once_one_succeeds(store: Arc<dyn Store>) {
    for round in 0..10 {
        commit(&*store, [Write::InsertPending(pending(round))]).await;
        let mut attempts = JoinSet::new();
        for _ in 0..50 {
            let store = Arc::clone(&store);
            attempts.spawn(async move { store.commit(vec![Write::SpendPending(pending(round).id)]).await });
        }
        let outcomes = attempts.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let lost = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Conflict(Conflict::Changed)));
        assert_eq!(outcomes.iter().filter(lost).count(), 49, "{outcomes:?}");
    }
}

pub async fn is_swept_when_it_has_expired(store: Arc<dyn Store>) {
    commit(&*store, (0..10).map(|n| Write::InsertPending(pending(n)))).await;
    let horizon = Horizon { sessions: NOW, audit: NOW };
    assert_eq!(store.sweep(later(6), horizon, 4).await.unwrap(), 4);
    assert_eq!(store.sweep(later(6), horizon, 4).await.unwrap(), 3);
    assert_eq!(store.sweep(later(6), horizon, 4).await.unwrap(), 0);
    assert_eq!(left(&*store).await, [7, 8, 9]);
}

pub async fn is_voided_all_at_once(store: Arc<dyn Store>) {
    commit(&*store, (0..10).map(|n| Write::InsertPending(pending(n)))).await;
    commit(&*store, [Write::VoidPending, Write::InsertPending(pending(3))]).await;
    assert_eq!(left(&*store).await, [3]);
}

async fn left(store: &dyn Store) -> Vec<u64> {
    let mut left = Vec::new();
    for n in 0..10 {
        if store.pending(pending(n).id).await.unwrap().is_some() {
            left.push(n);
        }
    }
    left
}
