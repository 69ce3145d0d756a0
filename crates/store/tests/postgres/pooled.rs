use std::sync::Arc;

use tokenry_domain::audit::AuditKind;
use tokenry_domain::store::{Conflict, Horizon, Sessions, Store, StoreError, Write};
use tokenry_store::PostgresStore;

use crate::bouncer::Bouncer;
use crate::cluster::Cluster;
use crate::sample::{NOW, assert_conflict, commit, event, later, logout, session, session_id, user, user_id};

/// Behind PgBouncer, which gives each transaction whichever connection is free: nodes start at once, work side by side,
/// and no one is in another's way.
#[tokio::test(flavor = "multi_thread")]
async fn everything_works_behind_pgbouncer_in_transaction_mode() {
    let cluster = Cluster::start(&["fsync=off", "synchronous_commit=off"]);
    cluster.psql("CREATE DATABASE pooled");
    let bouncer = Bouncer::start(&cluster);
    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(open(bouncer.url("pooled")))).collect();
    let mut nodes = Vec::new();
    for start in starts {
        nodes.push(Arc::new(start.await.unwrap()));
    }
    let tasks: Vec<_> = (1..=80)
        .map(|n| {
            let store = Arc::clone(&nodes[n as usize % nodes.len()]);
            tokio::spawn(async move { live(&store, n).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let feed = nodes[0].revocations(0, 1000).await.unwrap();
    assert_eq!(feed.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
    let horizon = Horizon { sessions: NOW, audit: later(100) };
    assert_eq!(nodes[1].sweep(later(100), horizon, 1000).await.unwrap(), 79 + 80);
    nodes[2].ready().await.unwrap();
}

/// Sign-up, log-in, refreshes, a lost race and log-out of one user.
async fn live(store: &PostgresStore, n: u64) {
    commit(store, [Write::InsertUser(user(n)), Write::InsertSession(session(n, n))]).await;
    for version in 0..5 {
        let mut next = session(n, n);
        next.version = version;
        commit(store, [Write::ExpectUser { id: user_id(n), version: 0 }, Write::UpdateSession(next.clone())]).await;
        let late = store.commit(vec![Write::UpdateSession(next)]).await;
        assert_conflict(late, Conflict::Changed);
    }
    let end = Write::EndSessions { which: Sessions::Of(user_id(n)), end: logout(), until: later(60) };
    assert_eq!(commit(store, [end, Write::Audit(event(AuditKind::LoggedIn, NOW))]).await.sessions_ended, 1);
    let outcome = store.commit(vec![Write::InsertUser(user(n))]).await;
    assert!(matches!(outcome, Err(StoreError::Conflict(_))));
    let (stored, owner) = store.session(session_id(n)).await.unwrap().unwrap();
    assert!(stored.end.is_some() && stored.version == 5 && owner.is_some());
}

/// Waits for PgBouncer to listen.
async fn open(url: String) -> PostgresStore {
    let mut tries = 0;
    loop {
        match PostgresStore::connect(&url, Default::default()).await {
            Ok(store) => return store,
            Err(error) => assert!(tries < 200, "{error}"),
        }
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
