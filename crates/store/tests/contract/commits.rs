use std::sync::Arc;

use tokenry_domain::audit::{AuditFilter, AuditKind};
use tokenry_domain::keys::{KeyState, Purpose};
use tokenry_domain::store::{Committed, Conflict, Sessions, Store, StoreError, UserPage, Write};

use crate::sample::{
    NOW, assert_conflict, commit, event, identity, key, later, logout, pending, revocation, session, session_id, user,
    user_id,
};

pub async fn all_of_a_refused_one_is_undone(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertSession(session(1, 1))]).await;
    let writes = vec![
        Write::InsertUser(user(2)),
        Write::UpdateUser(user(1)),
        Write::InsertSession(session(2, 1)),
        Write::UpdateSession(session(1, 1)),
        Write::EndSessions { which: Sessions::Of(user_id(1)), end: logout(), until: later(60) },
        Write::Revoke(revocation("x", later(60))),
        Write::Audit(event(AuditKind::LoggedIn, NOW)),
        Write::InsertKey(key("a", Purpose::Access, KeyState::Signing)),
        Write::ExpectUser { id: user_id(1), version: 0 },
    ];
    assert_conflict(store.commit(writes).await, Conflict::Changed);
    assert!(store.user(user_id(2)).await.unwrap().is_none());
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().version, 0);
    assert!(store.session(session_id(2)).await.unwrap().is_none());
    let (stored, _) = store.session(session_id(1)).await.unwrap().unwrap();
    assert!(stored.version == 0 && stored.end.is_none());
    assert!(store.revocations(0, 10).await.unwrap().is_empty());
    assert!(store.audit(AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap().is_empty());
    assert!(store.keys().await.unwrap().is_empty());
}

/// Each kind alone before the refusal, so that no other write makes the store more careful.
pub async fn every_kind_of_write_is_undone(store: Arc<dyn Store>) {
    let made = key("a", Purpose::Access, KeyState::Verifying);
    let whole = [Write::InsertUser(user(1)), Write::InsertSession(session(1, 1)), Write::InsertKey(made.clone())];
    commit(&*store, whole).await;
    commit(&*store, [Write::InsertIdentity(identity(1, 1)), Write::InsertPending(pending(1))]).await;
    let before = all(&*store).await;
    let (end, until) = (logout(), later(60));
    for write in [
        Write::InsertUser(user(2)),
        Write::UpdateUser(user(1)),
        Write::DeleteUser { id: user_id(1), version: 0 },
        Write::InsertSession(session(2, 1)),
        Write::UpdateSession(session(1, 1)),
        Write::EndSession { id: session_id(1), version: 0, end, until },
        Write::EndSessions { which: Sessions::One(session_id(1)), end, until },
        Write::EndSessions { which: Sessions::Of(user_id(1)), end, until },
        Write::Revoke(revocation("x", until)),
        Write::Audit(event(AuditKind::LoggedIn, NOW)),
        Write::InsertKey(key("b", Purpose::Access, KeyState::Signing)),
        Write::UpdateKey(made),
        Write::InsertIdentity(identity(2, 1)),
        Write::RemoveIdentity { id: identity(1, 1).id, user: user_id(1) },
        Write::RemoveIdentities { user: user_id(1), since: NOW, kept: None },
        Write::InsertPending(pending(2)),
        Write::SpendPending(pending(1).id),
        Write::VoidPending,
    ] {
        let refusal = Write::ExpectUser { id: user_id(9), version: 0 };
        assert_conflict(store.commit(vec![write.clone(), refusal.clone()]).await, Conflict::Changed);
        assert_eq!(all(&*store).await, before, "{write:?}");
        assert_conflict(store.commit(vec![refusal, write]).await, Conflict::Changed);
        assert_eq!(all(&*store).await, before);
    }
}

pub async fn writes_see_those_before_them(store: Arc<dyn Store>) {
    let writes = [
        Write::InsertUser(user(1)),
        Write::InsertSession(session(1, 1)),
        Write::ExpectUser { id: user_id(1), version: 0 },
        Write::UpdateUser(user(1)),
        Write::ExpectUser { id: user_id(1), version: 1 },
        Write::EndSessions { which: Sessions::Of(user_id(1)), end: logout(), until: later(60) },
        Write::InsertSession(session(2, 1)),
        Write::EndSession { id: session_id(2), version: 0, end: logout(), until: later(60) },
        Write::DeleteUser { id: user_id(1), version: 1 },
    ];
    assert_eq!(commit(&*store, writes).await, Committed { sessions_ended: 2 });
}

pub async fn of_nothing_does_nothing(store: Arc<dyn Store>) {
    assert_eq!(commit(&*store, []).await, Committed::default());
}

/// Many callers in flight, every second of them refused at its last write.
pub async fn refused_beside_others_leave_no_trace(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1))]).await;
    let tasks: Vec<_> = (100..400)
        .map(|n| {
            let store = Arc::clone(&store);
            let last = Write::ExpectUser { id: user_id(1), version: n % 2 };
            let writes = vec![Write::InsertUser(user(n)), Write::InsertSession(session(n, n)), last];
            tokio::spawn(async move { (n, store.commit(writes).await) })
        })
        .collect();
    for task in tasks {
        let (n, outcome) = task.await.unwrap();
        let is_made = n % 2 == 0;
        match outcome {
            Ok(_) => assert!(is_made),
            Err(StoreError::Conflict(Conflict::Changed)) => assert!(!is_made),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(store.user(user_id(n)).await.unwrap().is_some(), is_made);
        assert_eq!(store.session(session_id(n)).await.unwrap().is_some(), is_made);
    }
    assert_eq!(store.users(UserPage { limit: 1000, ..UserPage::default() }).await.unwrap().len(), 151);
}

pub async fn a_read_sees_all_that_was_answered(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                commit(&*store, [Write::InsertSession(session(task, 1))]).await;
                for version in 0..100 {
                    let mut next = session(task, 1);
                    next.version = version;
                    commit(&*store, [Write::UpdateSession(next)]).await;
                    let (stored, _) = store.session(session_id(task)).await.unwrap().unwrap();
                    assert_eq!(stored.version, version + 1);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

pub async fn the_store_is_ready(store: Arc<dyn Store>) {
    store.ready().await.unwrap();
    commit(&*store, [Write::InsertUser(user(1))]).await;
    store.ready().await.unwrap();
    store.ready().await.unwrap();
}

async fn all(store: &dyn Store) -> String {
    let users = store.users(UserPage { limit: 100, ..UserPage::default() }).await.unwrap();
    let sessions = [store.session(session_id(1)).await.unwrap(), store.session(session_id(2)).await.unwrap()];
    let live = store.sessions_of(user_id(1), 100).await.unwrap();
    let keys = store.keys().await.unwrap();
    let events = store.audit(AuditFilter { limit: 100, ..AuditFilter::default() }).await.unwrap();
    let feed = store.revocations(0, 100).await.unwrap();
    let identities = store.identities_of(user_id(1)).await.unwrap();
    let pending = [store.pending(pending(1).id).await.unwrap(), store.pending(pending(2).id).await.unwrap()];
    format!("{users:?} {sessions:?} {live:?} {keys:?} {events:?} {feed:?} {identities:?} {pending:?}")
}
