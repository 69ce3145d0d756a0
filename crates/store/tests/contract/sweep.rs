use std::sync::Arc;

use tokenry_domain::audit::{AuditFilter, AuditKind};
use tokenry_domain::session::{End, EndReason, Session};
use tokenry_domain::store::{Horizon, Store, Write};

use crate::sample::{NOW, commit, event, later, session, session_id};

pub async fn removes_sessions_that_ended_or_expired_long_ago(store: Arc<dyn Store>) {
    let end = |at| Some(End { at, reason: EndReason::Logout });
    let sessions = [
        Session { end: end(later(9)), ..session(1, 1) },
        Session { end: end(later(10)), ..session(2, 1) },
        Session { expires_at: later(9), ..session(3, 1) },
        Session { expires_at: later(10), ..session(4, 1) },
        Session { ends_at: Some(later(9)), ..session(5, 1) },
        Session { ends_at: None, ..session(6, 1) },
    ];
    commit(&*store, sessions.map(Write::InsertSession)).await;
    let horizon = Horizon { sessions: later(10), audit: NOW };
    assert_eq!(store.sweep(later(20), horizon, 100).await.unwrap(), 3);
    assert_eq!(kept(&*store, 6).await, [2, 4, 6]);
    assert_eq!(store.sweep(later(20), horizon, 100).await.unwrap(), 0);
}

/// A session that goes on being used is looked at when it was first due, and left.
pub async fn leaves_a_session_that_was_refreshed(store: Arc<dyn Store>) {
    for n in 1..=20 {
        commit(&*store, [Write::InsertSession(Session { expires_at: later(9), ends_at: None, ..session(n, 1) })]).await;
    }
    for n in 1..=19 {
        let refreshed = Session { expires_at: later(90), ends_at: None, ..session(n, 1) };
        commit(&*store, [Write::UpdateSession(refreshed)]).await;
    }
    let horizon = |seconds| Horizon { sessions: later(seconds), audit: NOW };
    // In steps smaller than what is to be left: the one that goes is found all the same.
    assert_eq!(store.sweep(NOW, horizon(10), 3).await.unwrap(), 1);
    assert_eq!(kept(&*store, 20).await, (1..=19).collect::<Vec<_>>());
    assert_eq!(store.sweep(NOW, horizon(90), 100).await.unwrap(), 0);
    assert_eq!(store.sweep(NOW, horizon(91), 100).await.unwrap(), 19);
}

pub async fn counts_an_end_from_when_it_was(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(Session { expires_at: later(900), ends_at: None, ..session(1, 1) })]).await;
    let end = End { at: later(5), reason: EndReason::Admin };
    commit(&*store, [Write::EndSession { id: session_id(1), version: 0, end, until: later(60) }]).await;
    let horizon = |seconds| Horizon { sessions: later(seconds), audit: NOW };
    assert_eq!(store.sweep(NOW, horizon(5), 10).await.unwrap(), 0);
    assert_eq!(store.sweep(NOW, horizon(6), 10).await.unwrap(), 1);
}

pub async fn goes_in_steps(store: Arc<dyn Store>) {
    let sessions = (0..10).map(|n| Write::InsertSession(Session { expires_at: later(n), ..session(n as u64, 1) }));
    let events = (0..10).map(|n| Write::Audit(event(AuditKind::LoggedIn, later(n))));
    commit(&*store, sessions.chain(events)).await;
    let horizon = Horizon { sessions: later(100), audit: later(100) };
    let mut steps = Vec::new();
    loop {
        let gone = store.sweep(later(100), horizon, 4).await.unwrap();
        if gone == 0 {
            break;
        }
        steps.push(gone);
    }
    assert_eq!(steps, [8, 8, 4]);
    assert!(kept(&*store, 9).await.is_empty());
    assert!(store.audit(AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap().is_empty());
    assert_eq!(store.sweep(later(100), horizon, 0).await.unwrap(), 0);
}

async fn kept(store: &dyn Store, last: u64) -> Vec<u64> {
    let mut kept = Vec::new();
    for n in 0..=last {
        if store.session(session_id(n)).await.unwrap().is_some() {
            kept.push(n);
        }
    }
    kept
}
