use std::time::Duration;

use tokenry_domain::id::TokenId;
use tokenry_domain::keys::{KeyRecord, KeyState, Purpose};
use tokenry_domain::one_time::{self, OneTimeToken};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::session::Session;
use tokenry_domain::store::{Sessions, Store, Write};
use tokenry_domain::time::Timestamp;
use tokenry_store::{Part, Restoring, back_up};

use crate::sample::{NOW, commit, email, identity, key, later, logout, pending, session, session_id, user, user_id};
use crate::{open, place};

/// Restored, what was spent since the back-up would be good a second time.
#[tokio::test]
async fn a_restored_database_has_no_links_and_nothing_that_waits() {
    let (directory, path) = place();
    let token = OneTimeToken {
        id: TokenId::from_bytes([1; 16]),
        user: user_id(1),
        purpose: one_time::Purpose::NotMe,
        email: email("user1@example.com"),
        state: [0; 32],
        created_at: NOW,
        expires_at: later(1000),
    };
    let store = open(&path);
    store
        .commit(vec![
            Write::InsertUser(user(1)),
            Write::IssueOneTime(token.clone()),
            Write::InsertPending(pending(900)),
        ])
        .await
        .unwrap();
    let backup = directory.path().join("backup.db");
    back_up(&path, &backup).unwrap();
    store.commit(vec![Write::SpendOneTime(token.id), Write::SpendPending(pending(900).id)]).await.unwrap();
    drop(store);
    let restoring = Restoring::prepare(&path, &backup, Vec::new(), later(1), |_| later(60)).await.unwrap();
    assert!(restoring.store().user(user_id(1)).await.unwrap().is_some());
    assert!(restoring.store().one_time(token.id).await.unwrap().is_none());
    assert!(restoring.store().pending(pending(900).id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_identity_that_comes_back_is_told() {
    let (directory, path) = place();
    let store = open(&path);
    let writes = vec![Write::InsertUser(user(1)), Write::InsertUser(user(2)), Write::InsertIdentity(identity(1, 1))];
    store.commit(writes).await.unwrap();
    let backup = directory.path().join("backup.db");
    back_up(&path, &backup).unwrap();
    let unlinked = Write::RemoveIdentity { id: identity(1, 1).id, user: user_id(1) };
    store.commit(vec![unlinked]).await.unwrap();
    drop(store);
    let restoring = Restoring::prepare(&path, &backup, Vec::new(), later(1), |_| later(60)).await.unwrap();
    assert_eq!(restoring.report.identities_back.len(), 1, "{:?}", restoring.report);
}

/// An entry for the tokens of a user from before a moment ends no session that began after it, and stays as it is.
#[tokio::test]
async fn what_was_revoked_up_to_a_moment_is_revoked_up_to_that_moment_again() {
    let (directory, path) = place();
    let store = open(&path);
    let newer = Session { created_at: later(20), ..session(2, 1) };
    let early = Revocation { before: Some(later(5)), ..of_user(later(500)) };
    store
        .commit(vec![
            Write::InsertUser(user(1)),
            Write::InsertSession(session(1, 1)),
            Write::InsertSession(newer),
            Write::Revoke(early.clone()),
        ])
        .await
        .unwrap();
    let backup = directory.path().join("backup.db");
    back_up(&path, &backup).unwrap();
    drop(store);
    let late = Revocation { before: Some(later(10)), ..of_user(later(600)) };
    let restoring =
        Restoring::prepare(&path, &backup, vec![late.clone(), early.clone()], later(30), |_| later(60)).await;
    let restoring = restoring.unwrap();
    let entries = restoring.store().revocations(0, 10).await.unwrap();
    let entries: Vec<_> = entries.into_iter().map(|record| record.revocation).collect();
    let sessions: Vec<_> = entries.iter().filter(|entry| entry.kind == RevocationKind::Sid).collect();
    assert_eq!(sessions.len(), 1, "{entries:?}");
    assert_eq!(sessions[0].value, session_id(1).to_string());
    assert_eq!((entries.len(), &entries[0], &entries[1]), (3, &early, &late));
    assert_eq!((restoring.report.sessions_ended, restoring.report.revocations_kept), (1, 1));
}

/// A session of either database may have been given a token that lives as long as a key of either says.
#[tokio::test]
async fn what_has_ended_is_told_for_as_long_as_a_token_of_either_database_lives() {
    for (then, now, gone) in [(300, 3600, 9000), (3600, 300, 9000)] {
        let (directory, path) = place();
        let of = |kid: &str, state, seconds| KeyRecord {
            token_life: Duration::from_secs(seconds),
            ..key(kid, Purpose::Access, state)
        };
        let store = open(&path);
        let signing = of("signing", KeyState::Signing, then);
        let kept = [Write::InsertKey(of("gone", KeyState::Gone, gone)), Write::InsertKey(signing.clone())];
        commit(&store, [Write::InsertUser(user(1)), Write::InsertSession(session(1, 1))].into_iter().chain(kept)).await;
        let backup = directory.path().join("backup.db");
        back_up(&path, &backup).unwrap();
        let token_life = Duration::from_secs(now);
        let ended = Write::EndSessions { which: Sessions::One(session_id(1)), end: logout(), until: later(60) };
        commit(&store, [Write::UpdateKey(KeyRecord { token_life, ..signing }), ended]).await;
        drop(store);
        let restoring = Restoring::prepare(&path, &backup, Vec::new(), later(1), |life| later(0) + life).await.unwrap();
        let entries = restoring.store().revocations(0, 10).await.unwrap();
        assert_eq!(entries[0].revocation.until, later(3600), "{then} {now}");
    }
}

fn of_user(until: Timestamp) -> Revocation {
    Revocation { kind: RevocationKind::Sub, value: user_id(1).to_string(), before: None, until }
}

/// A feed is saved for the day on which nothing else can be read, and that may be long after its entries are over.
#[tokio::test]
async fn an_entry_that_is_over_ends_its_session_all_the_same() {
    let (directory, path) = place();
    let store = open(&path);
    commit(
        &store,
        [Write::InsertUser(user(1)), Write::InsertSession(session(1, 1)), Write::InsertSession(session(2, 1))],
    )
    .await;
    let backup = directory.path().join("backup.db");
    back_up(&path, &backup).unwrap();
    drop(store);
    std::fs::remove_file(&path).unwrap();
    let over =
        Revocation { kind: RevocationKind::Sid, value: session_id(1).to_string(), before: None, until: later(60) };
    let restoring = Restoring::prepare(&path, &backup, vec![over], later(600), |_| later(900)).await.unwrap();
    let live = restoring.store().sessions_of(user_id(1), 10).await.unwrap();
    assert_eq!(live.iter().map(|session| session.id).collect::<Vec<_>>(), [session_id(2)]);
    assert_eq!((restoring.report.sessions_ended, restoring.report.revocations_kept), (1, 0));
    let entries = restoring.store().revocations(0, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].revocation.value, entries[0].revocation.until), (&session_id(1).to_string(), later(900)));
}

/// The rows of sessions that ended are kept for a week, and a back-up may be older.
#[tokio::test]
async fn a_session_that_ended_so_long_ago_that_its_row_is_gone_does_not_come_back() {
    let week = 7 * 86_400;
    for (is_same_line, unused, live) in [(true, week, 0), (true, week - 1, 1), (false, week, 1)] {
        let (directory, path) = place();
        let store = open(&path);
        commit(&store, [Write::InsertUser(user(1)), Write::InsertKey(key("one", Purpose::Access, KeyState::Signing))])
            .await;
        let without = directory.path().join("without.db");
        back_up(&path, &without).unwrap();
        commit(&store, [Write::InsertSession(session(1, 1))]).await;
        let backup = directory.path().join("backup.db");
        back_up(&path, &backup).unwrap();
        drop(store);
        // As if it had been ended and swept.
        std::fs::copy(&without, &path).unwrap();
        if !is_same_line {
            rusqlite::Connection::open(&path).unwrap().execute("UPDATE keys SET kid = 'another'", []).unwrap();
        }
        let now = session(1, 1).last_used_at + Duration::from_secs(unused);
        let restoring = Restoring::prepare(&path, &backup, Vec::new(), now, |life| now + life).await.unwrap();
        let kept = restoring.store().sessions_of(user_id(1), 10).await.unwrap();
        assert_eq!((kept.len(), restoring.report.sessions_ended), (live, 1 - live as u64), "{is_same_line} {unused}");
        assert_eq!(restoring.report.unread, []);
    }
}

/// That a database is damaged is why people restore.
#[tokio::test]
async fn what_a_damaged_database_still_tells_is_kept() {
    let (directory, path) = place();
    let store = open(&path);
    let kept = key("one", Purpose::Access, KeyState::Signing);
    let users = [Write::InsertUser(user(1)), Write::InsertSession(session(1, 1)), Write::InsertSession(session(2, 1))];
    commit(&store, users.into_iter().chain([Write::InsertKey(kept)])).await;
    let backup = directory.path().join("backup.db");
    back_up(&path, &backup).unwrap();
    let revoked = |id| Write::EndSessions { which: Sessions::One(session_id(id)), end: logout(), until: later(60) };
    commit(&store, [revoked(1)]).await;
    drop(store);
    let damages = [
        ("UPDATE users SET status = 'x'", vec![Part::Accounts]),
        ("UPDATE sessions SET end_reason = 'x' WHERE ended_at IS NOT NULL", vec![Part::Sessions]),
        ("UPDATE keys SET state = 'x'", vec![Part::Keys]),
        ("UPDATE revocations SET kind = 'x'", vec![Part::Revocations]),
    ];
    for (damage, unread) in damages {
        let damaged = directory.path().join("damaged.db");
        std::fs::copy(&path, &damaged).unwrap();
        let connection = rusqlite::Connection::open(&damaged).unwrap();
        connection.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {damage}")).unwrap();
        drop(connection);
        let restoring = Restoring::prepare(&damaged, &backup, Vec::new(), later(1), |_| later(60)).await.unwrap();
        assert_eq!(restoring.report.unread, unread, "{damage}");
        let live = restoring.store().sessions_of(user_id(1), 10).await.unwrap();
        assert_eq!(live.iter().map(|session| session.id).collect::<Vec<_>>(), [session_id(2)], "{damage}");
        drop(restoring);
    }
}
