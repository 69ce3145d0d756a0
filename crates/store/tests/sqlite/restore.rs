use tokenry_domain::id::TokenId;
use tokenry_domain::one_time::{OneTimeToken, Purpose};
use tokenry_domain::store::{Store, Write};
use tokenry_store::{Restoring, back_up};

use crate::sample::{NOW, email, later, pending, user, user_id};
use crate::{open, place};

/// Restored, what was spent since the back-up would be good a second time.
#[tokio::test]
async fn a_restored_database_has_no_links_and_nothing_that_waits() {
    let (directory, path) = place();
    let token = OneTimeToken {
        id: TokenId::from_bytes([1; 16]),
        user: user_id(1),
        purpose: Purpose::NotMe,
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
    let restoring = Restoring::prepare(&path, &backup, Vec::new(), later(1), later(60)).await.unwrap();
    assert!(restoring.store().user(user_id(1)).await.unwrap().is_some());
    assert!(restoring.store().one_time(token.id).await.unwrap().is_none());
    assert!(restoring.store().pending(pending(900).id).await.unwrap().is_none());
}
