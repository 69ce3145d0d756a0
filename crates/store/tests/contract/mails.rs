use std::sync::Arc;

use tokenry_domain::id::{MailId, TokenId};
use tokenry_domain::mail::{Language, Letter, Mail, MailQueue};
use tokenry_domain::session::Client;
use tokenry_domain::store::{Conflict, Store, Write};
use tokio::task::JoinSet;

use crate::sample::{NOW, assert_conflict, commit, email, later, user_id};

fn mail(n: u8) -> Mail {
    Mail {
        id: MailId::from_bytes([n; 16]),
        letter: Letter::NewDevice,
        language: Language::Korean,
        to: email("User1@Example.com"),
        user: user_id(1),
        token: TokenId::from_bytes([n; 16]),
        client: Client { address: Some("2001:db8::1".parse().unwrap()), device: Some("curl/8".to_owned()) },
        created_at: NOW,
        due_at: later(i64::from(n)),
        attempts: 0,
        version: 0,
    }
}

pub async fn every_value_comes_back(store: Arc<dyn Store>) {
    for (n, letter) in (0..).zip(Letter::ALL) {
        let mail = Mail { letter: *letter, due_at: NOW, attempts: u32::MAX, version: u64::MAX, ..mail(n) };
        commit(&*store, [Write::QueueMail(mail.clone())]).await;
        let found = store.mails_due(NOW, 10).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&mail));
        commit(&*store, [Write::RemoveMail { id: mail.id, version: mail.version }]).await;
    }
    let plain = Mail { client: Client::default(), language: Language::English, due_at: NOW, ..mail(1) };
    commit(&*store, [Write::QueueMail(plain.clone())]).await;
    assert_eq!(store.mails_due(NOW, 10).await.unwrap(), [plain]);
}

pub async fn come_in_the_order_in_which_they_are_due(store: Arc<dyn Store>) {
    commit(&*store, [3, 1, 4, 2].map(|n| Write::QueueMail(mail(n)))).await;
    assert_eq!(due(&*store, 0, 10).await, [0_u8; 0]);
    assert_eq!(due(&*store, 3, 10).await, [1, 2, 3]);
    assert_eq!(due(&*store, 9, 2).await, [1, 2]);
}

pub async fn that_wait_are_counted(store: Arc<dyn Store>) {
    assert_eq!(store.mail_queue().await.unwrap(), MailQueue::default());
    let queued = |n: u8| Write::QueueMail(Mail { created_at: later(10 - i64::from(n)), ..mail(n) });
    commit(&*store, [queued(1), queued(3), queued(2)]).await;
    assert_eq!(store.mail_queue().await.unwrap(), MailQueue { length: 3, since: Some(later(7)) });
    commit(&*store, [Write::RemoveMail { id: mail(3).id, version: 0 }]).await;
    assert_eq!(store.mail_queue().await.unwrap(), MailQueue { length: 2, since: Some(later(8)) });
}

/// Of several nodes that take a mail in hand, one gets it; until its lease has run out no one else sees it.
pub async fn are_taken_in_hand_by_one(store: Arc<dyn Store>) {
    commit(&*store, [Write::QueueMail(mail(1))]).await;
    let mut claims = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        let claimed = Mail { due_at: later(60), attempts: 1, ..mail(1) };
        claims.spawn(async move { store.commit(vec![Write::UpdateMail(claimed)]).await });
    }
    assert_eq!(claims.join_all().await.iter().filter(|claim| claim.is_ok()).count(), 1);
    assert_eq!(due(&*store, 59, 10).await, [0_u8; 0]);
    let found = store.mails_due(later(60), 10).await.unwrap();
    assert_eq!((found[0].attempts, found[0].version), (1, 1));
}

pub async fn who_lost_the_lease_removes_nothing(store: Arc<dyn Store>) {
    commit(&*store, [Write::QueueMail(mail(1))]).await;
    commit(&*store, [Write::UpdateMail(mail(1))]).await;
    let id = mail(1).id;
    assert_conflict(store.commit(vec![Write::RemoveMail { id, version: 0 }]).await, Conflict::Changed);
    commit(&*store, [Write::RemoveMail { id, version: 1 }]).await;
    assert_conflict(store.commit(vec![Write::RemoveMail { id, version: 1 }]).await, Conflict::Changed);
    assert_eq!(due(&*store, 99, 10).await, [0_u8; 0]);
}

async fn due(store: &dyn Store, seconds: i64, limit: u32) -> Vec<u8> {
    store.mails_due(later(seconds), limit).await.unwrap().iter().map(|mail| mail.id.as_bytes()[0]).collect()
}
