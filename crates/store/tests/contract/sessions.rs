use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokenry_domain::account::User;
use tokenry_domain::id::{IdentityId, SessionId};
use tokenry_domain::refresh::{Child, Position, Receipts, RefreshState, RequestKey};
use tokenry_domain::revocation::RevocationKind;
use tokenry_domain::session::{Client, End, EndReason, Method, Session, SessionSecret};
use tokenry_domain::store::{Conflict, Sessions, Store, StoreError, Write};
use tokenry_domain::time::Timestamp;
use tokio::runtime::Handle;

use crate::sample::{
    assert_conflict, assert_same_session, assert_same_user, commit, later, logout, session, session_id, user, user_id,
};

pub async fn is_read_with_its_user(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertSession(session(7, 1))]).await;
    let (stored, owner) = store.session(session_id(7)).await.unwrap().unwrap();
    assert_same_session(&stored, &session(7, 1));
    assert_same_user(&owner.unwrap(), &user(1));
    assert!(store.session(session_id(8)).await.unwrap().is_none());
}

pub async fn a_taken_id_is_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    assert_conflict(store.commit(vec![Write::InsertSession(session(7, 2))]).await, Conflict::Id);
}

pub async fn an_update_replaces_what_a_refresh_changes(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    let changed = Session {
        refresh: RefreshState::initial(None),
        last_used_at: later(3),
        expires_at: later(3000),
        ends_at: None,
        client: Client::default(),
        ..session(7, 1)
    };
    commit(&*store, [Write::UpdateSession(changed.clone())]).await;
    let (stored, _) = store.session(session_id(7)).await.unwrap().unwrap();
    assert_same_session(&stored, &Session { version: 1, ..changed });
}

pub async fn an_update_by_an_old_version_is_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    commit(&*store, [Write::UpdateSession(session(7, 1))]).await;
    assert_conflict(store.commit(vec![Write::UpdateSession(session(7, 1))]).await, Conflict::Changed);
    assert_conflict(store.commit(vec![Write::UpdateSession(session(8, 1))]).await, Conflict::Changed);
    let (stored, _) = store.session(session_id(7)).await.unwrap().unwrap();
    assert_eq!(stored.version, 1);
}

pub async fn an_ended_session_is_not_changed(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    let end = Write::EndSession { id: session_id(7), version: 0, end: logout(), until: later(60) };
    assert_eq!(commit(&*store, [end.clone()]).await.sessions_ended, 1);
    let (stored, _) = store.session(session_id(7)).await.unwrap().unwrap();
    assert_eq!(stored.end, Some(logout()));
    for version in 0..2 {
        let update = Write::UpdateSession(Session { version, ..session(7, 1) });
        assert_conflict(store.commit(vec![update]).await, Conflict::Changed);
    }
    assert_conflict(store.commit(vec![end]).await, Conflict::Changed);
    assert_eq!(feed(&*store).await, [session_id(7)]);
}

pub async fn ending_by_an_old_version_is_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    commit(&*store, [Write::UpdateSession(session(7, 1))]).await;
    let end = Write::EndSession { id: session_id(7), version: 0, end: logout(), until: later(60) };
    assert_conflict(store.commit(vec![end]).await, Conflict::Changed);
    assert!(store.session(session_id(7)).await.unwrap().unwrap().0.end.is_none());
    assert!(feed(&*store).await.is_empty());
}

pub async fn every_choice_of_sessions_ends_those_and_tells_the_feed(store: Arc<dyn Store>) {
    let sessions = [(11, 1), (12, 1), (13, 1), (14, 1), (21, 2), (22, 2)];
    commit(&*store, sessions.map(|(n, user)| Write::InsertSession(session(n, user)))).await;
    let (first, second) = (user_id(1), user_id(2));
    let steps: [(Sessions, &[u64]); 9] = [
        (Sessions::One(session_id(11)), &[11]),
        (Sessions::One(session_id(11)), &[]),
        (Sessions::One(session_id(99)), &[]),
        (Sessions::OneOf(second, session_id(12)), &[]),
        (Sessions::OneOf(first, session_id(12)), &[12]),
        (Sessions::OfExcept(first, session_id(13)), &[14]),
        (Sessions::OfExcept(first, session_id(13)), &[]),
        (Sessions::Of(second), &[21, 22]),
        (Sessions::Of(user_id(9)), &[]),
    ];
    let mut ended = Vec::new();
    for (which, expected) in steps {
        let write = Write::EndSessions { which, end: logout(), until: later(60) };
        assert_eq!(commit(&*store, [write]).await.sessions_ended, expected.len() as u64, "{which:?}");
        ended.extend(expected.iter().copied().map(session_id));
        let mut told = feed(&*store).await;
        told.sort();
        let mut all = ended.clone();
        all.sort();
        assert_eq!(told, all, "{which:?}");
    }
    assert!(store.session(session_id(13)).await.unwrap().unwrap().0.end.is_none());
    let (stored, _) = store.session(session_id(22)).await.unwrap().unwrap();
    assert_eq!(stored.end, Some(logout()));
    let records = store.revocations(0, 100).await.unwrap();
    assert!(records.iter().all(|record| record.revocation.kind == RevocationKind::Sid));
    assert!(records.iter().all(|record| record.revocation.until == later(60) && record.revocation.before.is_none()));
}

pub async fn of_an_identity_are_ended_but_for_one(store: Arc<dyn Store>) {
    let of = |n, user, identity: Option<u64>| {
        let identity = identity.map(|n| crate::sample::identity(n, user).id);
        Write::InsertSession(Session { identity, ..session(n, user) })
    };
    let sessions = [of(1, 1, Some(7)), of(2, 1, Some(7)), of(3, 1, Some(8)), of(4, 1, None), of(5, 2, Some(7))];
    commit(&*store, sessions).await;
    let identity = crate::sample::identity(7, 1).id;
    for (kept, expected) in [(Some(session_id(2)), 1), (None, 1), (None, 0)] {
        let which = Sessions::OfIdentity(user_id(1), identity, kept);
        let write = Write::EndSessions { which, end: logout(), until: later(60) };
        assert_eq!(commit(&*store, [write]).await.sessions_ended, expected);
    }
    let live = async |user| store.sessions_of(user_id(user), 9).await.unwrap();
    assert_eq!(live(1).await.iter().map(|one| one.id).collect::<Vec<_>>(), [4, 3].map(session_id));
    assert_eq!(live(2).await[0].identity, Some(identity));
    assert_eq!(feed(&*store).await, [1, 2].map(session_id));
}

pub async fn of_a_user_are_listed_newest_first_without_the_ended(store: Arc<dyn Store>) {
    let at = |n: u64, seconds| Session { created_at: later(seconds), ..session(n, 1) };
    let sessions = [at(1, 30), at(2, 10), at(3, 20), at(4, 40), session(5, 2)];
    commit(&*store, sessions.map(Write::InsertSession)).await;
    let which = Sessions::One(session_id(3));
    commit(&*store, [Write::EndSessions { which, end: logout(), until: later(60) }]).await;
    let listed = async |limit| {
        let sessions = store.sessions_of(user_id(1), limit).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, [4, 1, 2].map(session_id));
    assert_eq!(listed(2).await, [4, 1].map(session_id));
    assert!(store.sessions_of(user_id(9), 10).await.unwrap().is_empty());
}

pub async fn fifty_refreshes_at_once_make_one_change(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertSession(session(7, 1))]).await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = Arc::clone(&store);
            let mut session = session(7, 1);
            session.refresh.head.generation = 1000 + n;
            tokio::spawn(async move { store.commit(vec![Write::UpdateSession(session)]).await.map(|_| 1000 + n) })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(generation) => winners.push(generation),
            Err(StoreError::Conflict(Conflict::Changed)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let (stored, _) = store.session(session_id(7)).await.unwrap().unwrap();
    assert_eq!(winners, [stored.refresh.head.generation]);
    assert_eq!(stored.version, 1);
}

pub async fn updates_of_one_moment_are_each_judged_and_written_for_themselves(store: Arc<dyn Store>) {
    const MANY: u64 = 96;
    for n in 0..MANY {
        commit(&*store, [Write::InsertSession(session(n, 1))]).await;
    }
    let changed = |n: u64| {
        // Of each four: as it is, by an old version, of no session, and with everything absent that can be.
        let base = match n % 4 {
            1 => Session { version: 9, ..session(n, 1) },
            2 => session(n + 1000, 1),
            3 => Session {
                refresh: RefreshState::initial(None),
                client: Client::default(),
                ends_at: None,
                ..session(n, 1)
            },
            _ => session(n, 1),
        };
        Session { last_used_at: later(n as i64), ..base }
    };
    let update = |n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(vec![Write::UpdateSession(changed(n))]).await })
    };
    let updates: Vec<_> = (0..MANY).map(update).collect();
    for (n, update) in (0..MANY).zip(updates) {
        let outcome = update.await.unwrap();
        let (stored, _) = store.session(session_id(n)).await.unwrap().unwrap();
        if matches!(n % 4, 1 | 2) {
            assert_conflict(outcome, Conflict::Changed);
            assert_same_session(&stored, &session(n, 1));
        } else {
            outcome.unwrap();
            assert_same_session(&stored, &Session { version: 1, ..changed(n) });
        }
    }
}

pub async fn a_refresh_racing_a_log_out_never_revives_it(store: Arc<dyn Store>) {
    for n in 1..=50 {
        commit(&*store, [Write::InsertSession(session(n, 1))]).await;
        let which = Sessions::One(session_id(n));
        let end = store.commit(vec![Write::EndSessions { which, end: logout(), until: later(60) }]);
        let update = store.commit(vec![Write::UpdateSession(session(n, 1))]);
        let (end, update) = tokio::join!(end, update);
        assert_eq!(end.unwrap().sessions_ended, 1);
        assert!(matches!(update, Ok(_) | Err(StoreError::Conflict(Conflict::Changed))));
        assert!(store.session(session_id(n)).await.unwrap().unwrap().0.end.is_some());
    }
}

/// A password change ends all sessions: a log-in by the old password is refused, or its session is ended too.
pub async fn a_log_in_racing_the_end_of_all_is_refused_or_ended(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1))]).await;
    for version in 0..50 {
        let id = session_id(version);
        let expect = Write::ExpectUser { id: user_id(1), version };
        let login = store.commit(vec![expect, Write::InsertSession(session(version, 1))]);
        let update = Write::UpdateUser(User { version, ..user(1) });
        let end = Write::EndSessions { which: Sessions::Of(user_id(1)), end: logout(), until: later(60) };
        let (login, change) = tokio::join!(login, store.commit(vec![update, end]));
        change.unwrap();
        match login {
            Ok(_) => assert!(store.session(id).await.unwrap().unwrap().0.end.is_some()),
            outcome => assert_conflict(outcome, Conflict::Changed),
        }
    }
}

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut number = 0;
        let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        let number = std::cell::RefCell::new(&mut number);
        let check = |session: Session| {
            **number.borrow_mut() += 1;
            let session = Session { id: session_id(**number.borrow()), ..session };
            runtime.block_on(async {
                commit(&*store, [Write::InsertSession(session.clone())]).await;
                let (stored, _) = store.session(session.id).await.unwrap().unwrap();
                assert_same_session(&stored, &session);
                if session.end.is_none() {
                    commit(&*store, [Write::UpdateSession(session.clone())]).await;
                    let (stored, _) = store.session(session.id).await.unwrap().unwrap();
                    assert_same_session(&stored, &Session { version: session.version.wrapping_add(1), ..session });
                }
            });
            Ok(())
        };
        runner.run(&any_session(), check).unwrap();
    })
    .await
    .unwrap();
}

async fn feed(store: &dyn Store) -> Vec<SessionId> {
    let records = store.revocations(0, 1000).await.unwrap();
    records.iter().map(|record| record.revocation.value.parse().unwrap()).collect()
}

fn any_session() -> impl Strategy<Value = Session> {
    let key = || proptest::option::of(any::<[u8; 32]>().prop_map(RequestKey));
    let time = || any::<i64>().prop_map(Timestamp::from_millis);
    let child = (any::<u32>(), time(), key()).prop_map(|(ordinal, issued_at, key)| Child { ordinal, issued_at, key });
    let head = (any::<u64>(), any::<u32>());
    let receipts = proptest::array::uniform4(proptest::option::of(time()));
    let refresh = (head, key(), proptest::option::of(child), receipts, any::<bool>()).prop_map(
        |((generation, ordinal), parent_key, child, receipts, keyed)| RefreshState {
            head: Position { generation, ordinal },
            parent_key,
            child,
            receipts: Receipts(receipts),
            keyed,
        },
    );
    let client = (proptest::option::of(any::<IpAddr>()), proptest::option::of("\\PC{0,256}"))
        .prop_map(|(address, device)| Client { address, device });
    let end = proptest::option::of((time(), proptest::sample::select(&EndReason::ALL)))
        .prop_map(|end| end.map(|(at, reason)| End { at, reason }));
    let times = (time(), time(), time(), proptest::option::of(time()));
    let identity = proptest::option::of(any::<[u8; 16]>().prop_map(IdentityId::from_bytes));
    (any::<[u8; 32]>(), refresh, times, client, end, any::<u64>(), identity).prop_map(
        |(secret, refresh, (created_at, last_used_at, expires_at, ends_at), client, end, version, identity)| Session {
            id: session_id(0),
            user: user_id(1),
            method: Method::Token,
            identity,
            secret: SessionSecret::from_bytes(secret),
            refresh,
            created_at,
            last_used_at,
            expires_at,
            ends_at,
            client,
            end,
            version,
        },
    )
}
