use std::sync::Arc;

use serde_json::{Value, json};
use tokenry_domain::audit::{Actor, AuditEvent, AuditFilter, AuditKind};
use tokenry_domain::store::{Horizon, Store, Write};

use crate::sample::{NOW, commit, event, later, session_id, user_id};

pub async fn every_kind_and_actor_comes_back(store: Arc<dyn Store>) {
    let actors = [Actor::User, Actor::Admin, Actor::Operator, Actor::System];
    let mut events: Vec<_> = AuditKind::ALL
        .iter()
        .zip(actors.into_iter().cycle())
        .map(|(kind, actor)| AuditEvent { actor, detail: json!({"name": kind.name(), "n": [1]}), ..event(*kind, NOW) })
        .collect();
    events[0] = AuditEvent { user: None, session: None, address: None, detail: Value::Null, ..events[0].clone() };
    commit(&*store, events.iter().cloned().map(Write::Audit)).await;
    let mut stored = store.audit(AuditFilter { limit: 100, ..AuditFilter::default() }).await.unwrap();
    assert!(stored.is_sorted_by(|left, right| left.seq > right.seq));
    stored.reverse();
    assert_eq!(stored.into_iter().map(|record| record.event).collect::<Vec<_>>(), events);
}

pub async fn is_filtered(store: Arc<dyn Store>) {
    let kinds = [AuditKind::LoggedIn, AuditKind::LoginFailed, AuditKind::KeyCreated];
    let events = (0..24u64).map(|n| AuditEvent {
        user: (n % 4 > 0).then(|| user_id(n % 4)),
        session: (n % 2 > 0).then(|| session_id(n % 8)),
        ..event(kinds[n as usize % 3], later(n as i64))
    });
    let events: Vec<_> = events.collect();
    commit(&*store, events.iter().cloned().map(Write::Audit)).await;
    let users = [None, Some(user_id(1)), Some(user_id(9))];
    let sessions = [None, Some(session_id(1)), Some(session_id(9))];
    let times = [(None, None), (Some(later(5)), None), (None, Some(later(9))), (Some(later(5)), Some(later(9)))];
    let all_kinds = [vec![], vec![AuditKind::LoggedIn], vec![AuditKind::LoggedIn, AuditKind::KeyCreated]];
    for user in users {
        for session in sessions {
            for (since, until) in times {
                for kinds in &all_kinds {
                    let filter =
                        AuditFilter { kinds: kinds.clone(), user, session, since, until, before_seq: None, limit: 100 };
                    let mut expected: Vec<_> = events.iter().filter(|event| matches(&filter, event)).cloned().collect();
                    expected.reverse();
                    let stored = store.audit(filter.clone()).await.unwrap();
                    assert_eq!(stored.into_iter().map(|r| r.event).collect::<Vec<_>>(), expected, "{filter:?}");
                }
            }
        }
    }
}

pub async fn is_listed_in_pages(store: Arc<dyn Store>) {
    commit(&*store, (0..10).map(|n| Write::Audit(event(AuditKind::LoggedIn, later(n))))).await;
    for base in [
        AuditFilter { limit: 4, ..AuditFilter::default() },
        AuditFilter { limit: 4, user: Some(user_id(1)), ..AuditFilter::default() },
        AuditFilter { limit: 4, session: Some(session_id(1)), ..AuditFilter::default() },
        AuditFilter { limit: 4, since: Some(NOW), ..AuditFilter::default() },
    ] {
        let mut seen = Vec::new();
        let mut before_seq = None;
        loop {
            let page = store.audit(AuditFilter { before_seq, ..base.clone() }).await.unwrap();
            let Some(last) = page.last() else { break };
            before_seq = Some(last.seq);
            seen.extend(page.iter().map(|record| record.event.at));
        }
        assert_eq!(seen, (0..10).rev().map(later).collect::<Vec<_>>());
    }
}

pub async fn swept_places_are_not_given_out_again(store: Arc<dyn Store>) {
    commit(&*store, [Write::Audit(event(AuditKind::LoggedIn, NOW))]).await;
    let first = store.audit(AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap()[0].seq;
    let horizon = Horizon { sessions: NOW, audit: later(1) };
    assert_eq!(store.sweep(NOW, horizon, 10).await.unwrap(), 1);
    commit(&*store, [Write::Audit(event(AuditKind::LoggedIn, later(2)))]).await;
    let second = store.audit(AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap()[0].seq;
    assert!(second > first);
}

fn matches(filter: &AuditFilter, event: &AuditEvent) -> bool {
    (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
        && (filter.user.is_none() || filter.user == event.user)
        && (filter.session.is_none() || filter.session == event.session)
        && filter.since.is_none_or(|since| event.at >= since)
        && filter.until.is_none_or(|until| event.at < until)
}
