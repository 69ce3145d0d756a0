use std::sync::Arc;

use tokenry_domain::id::IdentityId;
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::store::{Conflict, Store, StoreError, Write};
use tokio::task::JoinSet;

use crate::sample::{assert_conflict, commit, identity, later, user, user_id};

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    let long = "가".repeat(85);
    let one = Identity {
        person: Person { issuer: long.clone(), subject: "Ünï\"'\\%".to_owned() },
        provider: String::new(),
        label: long,
        created_at: later(-9),
        ..identity(1, 1)
    };
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertIdentity(one.clone())]).await;
    assert_eq!(store.identity(&one.person).await.unwrap().as_ref(), Some(&one));
    assert_eq!(store.identities_of(user_id(1)).await.unwrap(), [one]);
    assert_eq!(store.identities_of(user_id(2)).await.unwrap(), []);
}

/// Issuer and subject together name a person, byte by byte; neither does alone.
pub async fn a_person_is_issuer_and_subject(store: Arc<dyn Store>) {
    commit(&*store, [user(1), user(2)].map(Write::InsertUser)).await;
    commit(&*store, [Write::InsertIdentity(identity(1, 1))]).await;
    let known = identity(1, 1).person;
    let with = |issuer: &str, subject: &str| Person { issuer: issuer.to_owned(), subject: subject.to_owned() };
    for other in [
        with(&known.issuer, "subject2"),
        with(&known.issuer, "SUBJECT1"),
        with(&known.issuer, "subject1 "),
        with("https://other.example", &known.subject),
        with(&format!("{}/", known.issuer), &known.subject),
        with(&known.subject, &known.issuer),
    ] {
        assert!(store.identity(&other).await.unwrap().is_none(), "{other:?}");
    }
    for user in [1, 2] {
        let again = Identity { id: IdentityId::from_bytes([7; 16]), ..identity(1, user) };
        assert_conflict(store.commit(vec![Write::InsertIdentity(again)]).await, Conflict::Identity);
    }
    let same_id = Identity { id: identity(1, 1).id, ..identity(2, 1) };
    assert_conflict(store.commit(vec![Write::InsertIdentity(same_id)]).await, Conflict::Id);
    assert_eq!(store.identity(&known).await.unwrap().map(|found| found.user), Some(user_id(1)));
}

pub async fn are_listed_oldest_first_and_removed_by_their_user(store: Arc<dyn Store>) {
    commit(&*store, [user(1), user(2)].map(Write::InsertUser)).await;
    commit(&*store, [(3, 1), (1, 1), (4, 2), (2, 1)].map(|(n, user)| Write::InsertIdentity(identity(n, user)))).await;
    assert_eq!(left(&*store, 1).await, [1, 2, 3]);
    let remove = |n, user| vec![Write::RemoveIdentity { id: identity(n, 1).id, user: user_id(user) }];
    assert_conflict(store.commit(remove(1, 2)).await, Conflict::Changed);
    store.commit(remove(1, 1)).await.unwrap();
    assert_conflict(store.commit(remove(1, 1)).await, Conflict::Changed);
    assert_eq!((left(&*store, 1).await, left(&*store, 2).await), (vec![2, 3], vec![4]));
    commit(&*store, [Write::InsertIdentity(identity(1, 2))]).await;
    assert_eq!(left(&*store, 2).await, [1, 4]);
}

pub async fn all_of_a_user_go_but_for_older_ones_and_one(store: Arc<dyn Store>) {
    commit(&*store, [user(1), user(2)].map(Write::InsertUser)).await;
    commit(&*store, [1, 2, 3, 4].map(|n| Write::InsertIdentity(identity(n, 1)))).await;
    commit(&*store, [Write::InsertIdentity(identity(5, 2))]).await;
    let remove = |since, kept| Write::RemoveIdentities { user: user_id(1), since: later(since), kept };
    commit(&*store, [remove(3, Some(identity(4, 1).id))]).await;
    assert_eq!(left(&*store, 1).await, [1, 2, 4]);
    commit(&*store, [remove(0, None), remove(0, None)]).await;
    assert_eq!((left(&*store, 1).await, left(&*store, 2).await), (vec![], vec![5]));
}

pub async fn go_with_their_account(store: Arc<dyn Store>) {
    commit(&*store, [user(1), user(2)].map(Write::InsertUser)).await;
    commit(&*store, [(1, 1), (2, 2)].map(|(n, user)| Write::InsertIdentity(identity(n, user)))).await;
    commit(&*store, [Write::DeleteUser { id: user_id(1), version: 0 }]).await;
    assert!(store.identity(&identity(1, 1).person).await.unwrap().is_none());
    assert_eq!(left(&*store, 2).await, [2]);
}

pub async fn of_fifty_accounts_that_link_one_at_once_one_has_it(store: Arc<dyn Store>) {
    commit(&*store, (1..=50).map(|n| Write::InsertUser(user(n)))).await;
    let mut links = JoinSet::new();
    for n in 1..=50 {
        let store = Arc::clone(&store);
        let one = Identity { person: identity(1, 1).person, ..identity(n, n) };
        links.spawn(async move { store.commit(vec![Write::UpdateUser(user(n)), Write::InsertIdentity(one)]).await });
    }
    let outcomes = links.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let lost = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Conflict(Conflict::Identity)));
    assert_eq!(outcomes.iter().filter(lost).count(), 49, "{outcomes:?}");
}

async fn left(store: &dyn Store, user: u64) -> Vec<u64> {
    let identities = store.identities_of(user_id(user)).await.unwrap();
    identities.iter().map(|identity| u128::from_be_bytes(*identity.id.as_bytes()) as u64).collect()
}
