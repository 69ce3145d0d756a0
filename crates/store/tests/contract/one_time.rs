use std::sync::Arc;

use tokenry_domain::id::TokenId;
use tokenry_domain::one_time::{OneTimeToken, Purpose};
use tokenry_domain::store::{Conflict, Horizon, Store, StoreError, Write};
use tokio::task::JoinSet;

use crate::sample::{NOW, assert_conflict, commit, email, event, later, user_id};

pub fn token(n: u8, user: u64, purpose: Purpose) -> OneTimeToken {
    OneTimeToken {
        id: TokenId::from_bytes([n; 16]),
        user: user_id(user),
        purpose,
        email: email("User1@Exämple.com"),
        state: [n; 32],
        created_at: later(i64::from(n)),
        expires_at: later(100 + i64::from(n)),
    }
}

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    for (n, purpose) in (1..).zip(Purpose::ALL) {
        let token = token(n, 1, purpose);
        commit(&*store, [Write::IssueOneTime(token.clone())]).await;
        let found = store.one_time(token.id).await.unwrap().unwrap();
        assert_eq!((found.email.display(), found.email.key()), (token.email.display(), token.email.key()));
        assert_eq!(found, token);
    }
    assert!(store.one_time(TokenId::from_bytes([99; 16])).await.unwrap().is_none());
}

pub async fn a_new_one_voids_the_old_one_of_its_purpose_and_user(store: Arc<dyn Store>) {
    let issue = |n, user, purpose| Write::IssueOneTime(token(n, user, purpose));
    commit(&*store, [issue(1, 1, Purpose::LogIn), issue(2, 1, Purpose::ResetPassword), issue(3, 2, Purpose::LogIn)])
        .await;
    commit(&*store, [issue(4, 1, Purpose::NotMe), issue(5, 1, Purpose::NotMe), issue(6, 1, Purpose::LogIn)]).await;
    assert_eq!(left(&*store).await, [2, 3, 4, 5, 6]);
    assert_conflict(store.commit(vec![Write::SpendOneTime(TokenId::from_bytes([1; 16]))]).await, Conflict::Changed);
}

pub async fn is_spent_once_and_with_all_that_it_leads_to(store: Arc<dyn Store>) {
    let token = token(1, 1, Purpose::LogIn);
    let spend = Write::SpendOneTime(token.id);
    commit(&*store, [Write::IssueOneTime(token)]).await;
    let refused = vec![spend.clone(), Write::ExpectUser { id: user_id(1), version: 0 }];
    assert_conflict(store.commit(refused).await, Conflict::Changed);
    assert_eq!(left(&*store).await, [1]);
    commit(&*store, [spend.clone()]).await;
    let audit = event(tokenry_domain::audit::AuditKind::LoggedIn, NOW);
    assert_conflict(store.commit(vec![Write::Audit(audit), spend]).await, Conflict::Changed);
    assert!(store.audit(Default::default()).await.unwrap().is_empty());
}

/// `TOKENRY_TEST_ROUNDS` sets how many rounds; the figure of record is 1,000.
pub async fn of_fifty_who_spend_it_at_once_one_succeeds(store: Arc<dyn Store>) {
    let rounds = rounds(20);
    for round in 0..rounds {
        let token = token(1, round, Purpose::ResetPassword);
        commit(&*store, [Write::IssueOneTime(token.clone())]).await;
        let mut attempts = JoinSet::new();
        for _ in 0..50 {
            let (store, id) = (Arc::clone(&store), token.id);
            attempts.spawn(async move { store.commit(vec![Write::SpendOneTime(id)]).await });
        }
        let outcomes = attempts.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let lost = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Conflict(Conflict::Changed)));
        assert_eq!(outcomes.iter().filter(lost).count(), 49, "{outcomes:?}");
    }
}

pub async fn two_issued_at_once_leave_one(store: Arc<dyn Store>) {
    let mut issues = JoinSet::new();
    for n in 0..20 {
        let store = Arc::clone(&store);
        issues.spawn(async move { store.commit(vec![Write::IssueOneTime(token(n, 1, Purpose::LogIn))]).await });
    }
    assert!(issues.join_all().await.iter().all(Result::is_ok));
    assert_eq!(left(&*store).await.len(), 1);
}

pub async fn of_a_user_are_voided_but_for_older_reports(store: Arc<dyn Store>) {
    let issue = |n, user, purpose| Write::IssueOneTime(token(n, user, purpose));
    let all =
        |n: u8| [issue(n, 1, Purpose::LogIn), issue(n + 1, 1, Purpose::ResetPassword), issue(n + 2, 2, Purpose::LogIn)];
    let reports = [issue(10, 1, Purpose::NotMe), issue(11, 1, Purpose::NotMe), issue(12, 1, Purpose::NotMe)];
    commit(&*store, all(1).into_iter().chain(reports)).await;
    commit(&*store, [Write::VoidOneTime { user: user_id(1), not_me_since: None }]).await;
    assert_eq!(left(&*store).await, [3, 10, 11, 12]);
    commit(&*store, [Write::VoidOneTime { user: user_id(1), not_me_since: Some(later(11)) }]).await;
    assert_eq!(left(&*store).await, [3, 10]);
}

pub async fn are_swept_when_they_have_expired(store: Arc<dyn Store>) {
    let tokens = (0..10).map(|n| Write::IssueOneTime(token(n, u64::from(n), Purpose::LogIn)));
    commit(&*store, tokens).await;
    let horizon = Horizon { sessions: NOW, audit: NOW };
    assert_eq!(store.sweep(later(106), horizon, 4).await.unwrap(), 4);
    assert_eq!(store.sweep(later(106), horizon, 4).await.unwrap(), 3);
    assert_eq!(store.sweep(later(106), horizon, 4).await.unwrap(), 0);
    assert_eq!(left(&*store).await, [7, 8, 9]);
}

#[expect(clippy::disallowed_methods, reason = "how long to go on is for whoever runs the tests to say")]
fn rounds(default: u64) -> u64 {
    std::env::var("TOKENRY_TEST_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

async fn left(store: &dyn Store) -> Vec<u8> {
    let mut left = Vec::new();
    for n in 0..20 {
        if store.one_time(TokenId::from_bytes([n; 16])).await.unwrap().is_some() {
            left.push(n);
        }
    }
    left
}
