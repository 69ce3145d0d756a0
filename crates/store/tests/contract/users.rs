use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokenry_domain::account::{Status, User};
use tokenry_domain::name::{Email, Username};
use tokenry_domain::password::PasswordHash;
use tokenry_domain::store::{Conflict, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;
use tokio::runtime::Handle;

use crate::sample::{HASH, assert_conflict, assert_same_user, commit, email, later, session, user, user_id, username};

pub async fn is_found_by_id_and_names(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertUser(user(2))]).await;
    assert_same_user(&store.user(user_id(1)).await.unwrap().unwrap(), &user(1));
    assert_same_user(&store.user_by_username(&username("uSER2")).await.unwrap().unwrap(), &user(2));
    assert_same_user(&store.user_by_email(&email("user1@EXAMPLE.COM")).await.unwrap().unwrap(), &user(1));
    assert!(store.user(user_id(3)).await.unwrap().is_none());
    assert!(store.user_by_username(&username("user3")).await.unwrap().is_none());
    assert!(store.user_by_email(&email("user3@example.com")).await.unwrap().is_none());
}

pub async fn taken_names_and_ids_are_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1))]).await;
    let same_name = User { username: Some(username("USER1")), ..user(2) };
    assert_conflict(store.commit(vec![Write::InsertUser(same_name)]).await, Conflict::Username);
    let same_address = User { email: Some(email("user1@example.COM")), ..user(2) };
    assert_conflict(store.commit(vec![Write::InsertUser(same_address)]).await, Conflict::Email);
    let same_id = User { id: user_id(1), ..user(2) };
    assert_conflict(store.commit(vec![Write::InsertUser(same_id)]).await, Conflict::Id);
    assert!(store.user_by_username(&username("user2")).await.unwrap().is_none());
}

pub async fn an_update_can_take_a_free_name_only(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertUser(user(2))]).await;
    let taken = User { username: Some(username("user1")), ..user(2) };
    assert_conflict(store.commit(vec![Write::UpdateUser(taken)]).await, Conflict::Username);
    let taken = User { email: Some(email("user1@example.com")), ..user(2) };
    assert_conflict(store.commit(vec![Write::UpdateUser(taken)]).await, Conflict::Email);
    commit(&*store, [Write::UpdateUser(User { username: Some(username("USER2")), ..user(2) })]).await;
    assert_eq!(store.user(user_id(2)).await.unwrap().unwrap().username.unwrap().display(), "USER2");
}

pub async fn names_may_be_absent_in_many_accounts(store: Arc<dyn Store>) {
    for n in 1..=3 {
        commit(&*store, [Write::InsertUser(User { username: None, password: None, ..user(n) })]).await;
        commit(&*store, [Write::InsertUser(User { email: None, ..user(n + 10) })]).await;
    }
    assert!(store.user(user_id(2)).await.unwrap().unwrap().username.is_none());
    assert!(store.user(user_id(2)).await.unwrap().unwrap().password.is_none());
    assert!(store.user(user_id(12)).await.unwrap().unwrap().email.is_none());
}

pub async fn an_update_replaces_all_and_counts_the_version_up(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1))]).await;
    let changed = User {
        username: None,
        email: Some(email("other@example.org")),
        email_verified: false,
        password: None,
        roles: [].into(),
        attributes: [("k".to_owned(), Value::Null)].into(),
        status: Status::Disabled,
        created_at: later(-9),
        updated_at: later(9),
        ..user(1)
    };
    commit(&*store, [Write::UpdateUser(changed.clone())]).await;
    assert_same_user(&store.user(user_id(1)).await.unwrap().unwrap(), &User { version: 1, ..changed });
}

pub async fn a_change_by_an_old_version_is_refused(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1))]).await;
    commit(&*store, [Write::ExpectUser { id: user_id(1), version: 0 }, Write::UpdateUser(user(1))]).await;
    for write in [
        Write::UpdateUser(user(1)),
        Write::UpdateUser(User { version: 2, ..user(1) }),
        Write::UpdateUser(user(2)),
        Write::ExpectUser { id: user_id(1), version: 0 },
        Write::ExpectUser { id: user_id(2), version: 0 },
        Write::DeleteUser { id: user_id(1), version: 0 },
        Write::DeleteUser { id: user_id(2), version: 0 },
    ] {
        assert_conflict(store.commit(vec![write]).await, Conflict::Changed);
    }
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().version, 1);
}

pub async fn a_deleted_account_leaves_its_sessions_and_frees_its_names(store: Arc<dyn Store>) {
    commit(&*store, [Write::InsertUser(user(1)), Write::InsertSession(session(7, 1))]).await;
    commit(&*store, [Write::DeleteUser { id: user_id(1), version: 0 }]).await;
    assert!(store.user(user_id(1)).await.unwrap().is_none());
    let (_, owner) = store.session(session(7, 1).id).await.unwrap().unwrap();
    assert!(owner.is_none());
    commit(&*store, [Write::InsertUser(User { id: user_id(2), ..user(1) })]).await;
}

pub async fn are_listed_in_pages(store: Arc<dyn Store>) {
    commit(&*store, (1..=7).rev().map(|n| Write::InsertUser(user(n)))).await;
    let mut seen = Vec::new();
    let mut page = UserPage { limit: 3, ..UserPage::default() };
    loop {
        let users = store.users(page.clone()).await.unwrap();
        assert!(users.len() <= 3);
        let Some(last) = users.last() else { break };
        page.after = Some(last.id);
        seen.extend(users.iter().map(|user| user.id));
    }
    assert_eq!(seen, (1..=7).map(user_id).collect::<Vec<_>>());
}

pub async fn are_listed_by_a_part_of_a_name(store: Arc<dyn Store>) {
    let percent = User { username: Some(username("100%_sure")), email: None, ..user(3) };
    let mail_only = User { username: None, ..user(4) };
    commit(&*store, [user(1), user(2), percent, mail_only].map(Write::InsertUser)).await;
    let found = async |contains: &str| {
        let page = UserPage { contains: Some(contains.to_owned()), limit: 10, ..UserPage::default() };
        store.users(page).await.unwrap().into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(found("user2").await, [user_id(2)]);
    assert_eq!(found("user4@example").await, [user_id(4)]);
    assert_eq!(found("@example.com").await, [user_id(1), user_id(2), user_id(4)]);
    assert_eq!(found("%_s").await, [user_id(3)], "nothing in it is a pattern");
    assert!(found("nobody").await.is_empty());
}

pub async fn fifty_at_once_with_one_name_make_one_account(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (1..=50)
        .map(|n| {
            let store = Arc::clone(&store);
            let user = User { username: Some(username("Same")), email: None, ..user(n) };
            tokio::spawn(async move { store.commit(vec![Write::InsertUser(user)]).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(StoreError::Conflict(Conflict::Username)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(store.users(UserPage { limit: 100, ..UserPage::default() }).await.unwrap().len(), 1);
}

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let check = |user: User| {
            runtime.block_on(async {
                commit(&*store, [Write::InsertUser(user.clone())]).await;
                assert_same_user(&store.user(user.id).await.unwrap().unwrap(), &user);
                commit(&*store, [Write::UpdateUser(user.clone())]).await;
                let version = user.version.wrapping_add(1);
                let stored = store.user(user.id).await.unwrap().unwrap();
                assert_same_user(&stored, &User { version, ..user.clone() });
                commit(&*store, [Write::DeleteUser { id: user.id, version }]).await;
            });
            Ok(())
        };
        TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() })
            .run(&any_user(), check)
            .unwrap();
    })
    .await
    .unwrap();
}

fn any_user() -> impl Strategy<Value = User> {
    let name = || proptest::option::of(("\\PC{1,20}", "\\PC{1,20}"));
    let times = (any::<i64>(), any::<i64>(), any::<u64>());
    let roles = proptest::collection::btree_set("\\PC{1,20}", 0..5);
    let attributes = proptest::collection::btree_map(any::<String>(), any_json(), 0..5);
    (name(), name(), any::<[bool; 3]>(), roles, attributes, times).prop_map(
        |(
            username,
            email,
            [email_verified, is_active, has_password],
            roles,
            attributes,
            (created, updated, version),
        )| {
            User {
                id: user_id(1),
                username: username.map(|(display, key)| Username::restore(display, key)),
                email: email.map(|(display, key)| Email::restore(display, key)),
                email_verified,
                password: has_password.then(|| PasswordHash::parse(HASH).unwrap()),
                roles,
                attributes,
                status: if is_active { Status::Active } else { Status::Disabled },
                created_at: Timestamp::from_millis(created),
                updated_at: Timestamp::from_millis(updated),
                version,
            }
        },
    )
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (proptest::num::f64::NORMAL | proptest::num::f64::ZERO).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
