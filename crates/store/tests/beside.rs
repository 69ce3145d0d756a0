//! Cookie sessions that are kept in memory, or in a file of their own.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "contract/sample.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the contract")]
mod sample;

use std::sync::Arc;

use sample::{NOW, later, session, user};
use tempfile::TempDir;
use tokenry_domain::account::User;
use tokenry_domain::session::{End, EndReason, Method, Session};
use tokenry_domain::store::{Conflict, Horizon, Sessions, Store, StoreError, Write};
use tokenry_store::{CookiesBeside, Options, Sqlite};

struct Site {
    main: Arc<dyn Store>,
    store: CookiesBeside,
    _directory: TempDir,
}

fn sites() -> [Site; 2] {
    [true, false].map(|in_memory| {
        let directory = tempfile::tempdir().unwrap();
        let open = |name: &str| Sqlite::open(&directory.path().join(name), Options::default()).unwrap();
        let main: Arc<dyn Store> = Arc::new(open("tokenry.db"));
        let store = match in_memory {
            true => CookiesBeside::in_memory(Arc::clone(&main)),
            false => CookiesBeside::on_disk(Arc::clone(&main), &directory.path().join("sessions.db")).unwrap(),
        };
        Site { main, store, _directory: directory }
    })
}

fn cookie(n: u64, user: &User) -> Session {
    Session { method: Method::Cookie, user: user.id, ends_at: None, ..session(n, 0) }
}

fn end() -> End {
    End { at: NOW, reason: EndReason::Logout }
}

#[tokio::test]
async fn a_cookie_session_is_not_in_the_main_store() {
    for site in sites() {
        let kim = user(1);
        let session = cookie(1, &kim);
        site.store.commit(vec![Write::InsertUser(kim.clone()), Write::InsertSession(session.clone())]).await.unwrap();
        assert!(site.main.session(session.id).await.unwrap().is_none());
        let (found, owner) = site.store.session(session.id).await.unwrap().unwrap();
        assert_eq!((found.id, found.method, owner.unwrap().id), (session.id, Method::Cookie, kim.id));
    }
}

#[tokio::test]
async fn a_refused_commit_leaves_no_session() {
    for site in sites() {
        let kim = user(1);
        let session = cookie(1, &kim);
        let writes = vec![Write::InsertSession(session.clone()), Write::ExpectUser { id: kim.id, version: 7 }];
        let refused = site.store.commit(writes).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Changed)));
        let left = site.store.session(session.id).await.unwrap();
        assert!(left.is_none_or(|(session, _)| session.end.is_some()));
        assert!(site.store.sessions_of(kim.id, 10).await.unwrap().is_empty());
    }
}

/// It was begun by the old password, and the main store had not changed yet.
#[tokio::test]
async fn a_session_that_begins_while_all_are_being_ended_does_not_stay() {
    let [_, site] = sites();
    let kim = user(1);
    site.store.commit(vec![Write::InsertUser(kim.clone())]).await.unwrap();
    let which = Sessions::Of(kim.id);
    let change = vec![Write::UpdateUser(kim.clone()), Write::EndSessions { which, end: end(), until: later(60) }];
    let mut changing = std::pin::pin!(site.store.commit(change));
    tokio::select! {
        biased;
        _ = &mut changing => panic!("the end is on disk before the change is asked for"),
        () = std::future::ready(()) => {}
    }
    let session = cookie(1, &kim);
    let login = vec![Write::InsertSession(session.clone()), Write::ExpectUser { id: kim.id, version: kim.version }];
    site.store.commit(login).await.unwrap();
    assert_eq!(changing.await.unwrap().sessions_ended, 1);
    assert!(site.store.session(session.id).await.unwrap().unwrap().0.end.is_some());
}

#[tokio::test]
async fn a_use_is_written_by_compare_and_swap() {
    for site in sites() {
        let session = cookie(1, &user(1));
        site.store.commit(vec![Write::InsertSession(session.clone())]).await.unwrap();
        let used = Session { last_used_at: later(60), expires_at: later(120), ..session.clone() };
        site.store.commit(vec![Write::UpdateSession(used.clone())]).await.unwrap();
        let refused = site.store.commit(vec![Write::UpdateSession(used)]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Changed)));
        let (found, _) = site.store.session(session.id).await.unwrap().unwrap();
        assert_eq!((found.last_used_at, found.expires_at, found.version), (later(60), later(120), 1));
    }
}

#[tokio::test]
async fn every_choice_of_sessions_ends_those() {
    for site in sites() {
        let (kim, lee) = (user(1), user(2));
        let all = [cookie(1, &kim), cookie(2, &kim), cookie(3, &kim), cookie(4, &lee)];
        site.store.commit(all.iter().cloned().map(Write::InsertSession).collect()).await.unwrap();
        let [first, second, third, of_lee] = all.each_ref().map(|session| session.id);
        let end_of = async |which| {
            let write = Write::EndSessions { which, end: end(), until: later(60) };
            site.store.commit(vec![write]).await.unwrap().sessions_ended
        };
        assert_eq!(end_of(Sessions::OneOf(lee.id, first)).await, 0);
        assert_eq!(end_of(Sessions::OneOf(kim.id, first)).await, 1);
        assert_eq!(end_of(Sessions::One(first)).await, 0);
        assert_eq!(end_of(Sessions::OfExcept(kim.id, third)).await, 1);
        assert_eq!(end_of(Sessions::Of(kim.id)).await, 1);
        for id in [first, second, third] {
            assert_eq!(site.store.session(id).await.unwrap().unwrap().0.end, Some(end()));
        }
        assert_eq!(site.store.session(of_lee).await.unwrap().unwrap().0.end, None);
        let revived = site.store.commit(vec![Write::UpdateSession(all[0].clone())]).await.unwrap_err();
        assert!(matches!(revived, StoreError::Conflict(Conflict::Changed)));
    }
}

#[tokio::test]
async fn both_kinds_are_listed_newest_first() {
    for site in sites() {
        let kim = user(1);
        let at = |n, seconds| Session { created_at: later(seconds), ..cookie(n, &kim) };
        let token = Session { method: Method::Token, ..at(2, 2) };
        let all = [at(1, 1), token, at(3, 3)];
        site.store.commit(all.iter().cloned().map(Write::InsertSession).collect()).await.unwrap();
        let listed = site.store.sessions_of(kim.id, 10).await.unwrap();
        assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [all[2].id, all[1].id, all[0].id]);
        assert_eq!(site.store.sessions_of(kim.id, 1).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_ended_or_expired_long_ago_goes_in_steps() {
    for site in sites() {
        let kim = user(1);
        let sessions = (0..5).map(|n| Session { expires_at: later(10 * i64::try_from(n).unwrap()), ..cookie(n, &kim) });
        site.store.commit(sessions.map(Write::InsertSession).collect()).await.unwrap();
        let before = Horizon { sessions: later(25), audit: NOW };
        let mut gone = 0;
        while let rows @ 1.. = site.store.sweep(later(1000), before, 2).await.unwrap() {
            assert!(rows <= 2);
            gone += rows;
        }
        assert_eq!((gone, site.store.sessions_of(kim.id, 10).await.unwrap().len()), (3, 2));
    }
}

#[tokio::test]
async fn the_sessions_of_an_identity_are_ended_here_too() {
    for site in sites() {
        let kim = user(1);
        let identity = Some(sample::identity(7, 1).id);
        let sessions = [(1, identity), (2, identity), (3, None)];
        let begun = sessions.map(|(n, identity)| Session { identity, ..cookie(n, &kim) });
        site.store.commit(vec![Write::InsertUser(kim.clone())]).await.unwrap();
        site.store.commit(begun.clone().map(Write::InsertSession).into()).await.unwrap();
        let which = Sessions::OfIdentity(kim.id, sample::identity(7, 1).id, Some(begun[1].id));
        let ended = site.store.commit(vec![Write::EndSessions { which, end: end(), until: later(60) }]).await.unwrap();
        assert_eq!(ended.sessions_ended, 1);
        let left: Vec<_> = site.store.sessions_of(kim.id, 9).await.unwrap().iter().map(|one| one.id).collect();
        assert_eq!(left, [begun[2].id, begun[1].id]);
    }
}
