use std::collections::BTreeSet;
use std::sync::Arc;

use tokenry_domain::revocation::{FeedDigest, Revocation, RevocationKind, RevocationRecord};
use tokenry_domain::store::{Horizon, Store, Write};

use crate::sample::{NOW, commit, later, revocation};

pub async fn come_back_in_the_order_of_commits(store: Arc<dyn Store>) {
    let kinds = RevocationKind::ALL.map(|kind| Revocation {
        kind,
        before: (kind == RevocationKind::Sub).then_some(NOW),
        ..revocation(kind.name(), later(60))
    });
    for one in &kinds {
        commit(&*store, [Write::Revoke(one.clone())]).await;
    }
    let records = store.revocations(0, 100).await.unwrap();
    assert_eq!(records.iter().map(|record| record.revocation.clone()).collect::<Vec<_>>(), kinds);
    assert!(records.is_sorted_by(|left, right| left.seq < right.seq));
    assert_eq!(records.iter().map(|record| record.tag).collect::<BTreeSet<_>>().len(), records.len());
}

pub async fn are_read_from_a_place_on(store: Arc<dyn Store>) {
    commit(&*store, (0..10).map(|n| Write::Revoke(revocation(&n.to_string(), later(60))))).await;
    let all = store.revocations(0, 100).await.unwrap();
    let page = store.revocations(all[3].seq, 4).await.unwrap();
    assert_eq!(page, all[4..8]);
    assert!(store.revocations(all[9].seq, 100).await.unwrap().is_empty());
    assert!(store.revocations(u64::MAX, 100).await.unwrap().is_empty());
}

/// A reader that follows the feed while many write misses nothing: no entry appears behind one it has seen.
pub async fn nothing_appears_behind_what_was_read(store: Arc<dyn Store>) {
    let writers: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..50 {
                    commit(&*store, [Write::Revoke(revocation(&format!("{task} {n}"), later(60)))]).await;
                }
            })
        })
        .collect();
    let mut followed = Vec::new();
    while followed.len() < 400 {
        let after = followed.last().map_or(0, |record: &RevocationRecord| record.seq);
        followed.extend(store.revocations(after, 7).await.unwrap());
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(followed, store.revocations(0, 1000).await.unwrap());
}

/// Of those that are over the newest stays: the digests of all that follow build on it.
pub async fn swept_places_are_not_given_out_again(store: Arc<dyn Store>) {
    commit(&*store, (0..5).map(|n| Write::Revoke(revocation(&n.to_string(), later(n))))).await;
    let before = store.revocations(0, 10).await.unwrap();
    let horizon = Horizon { sessions: NOW, audit: NOW };
    assert_eq!(store.sweep(later(2), horizon, 100).await.unwrap(), 2);
    assert_eq!(store.revocations(0, 10).await.unwrap(), before[2..]);
    assert_eq!(store.sweep(later(100), horizon, 100).await.unwrap(), 2);
    assert_eq!(store.sweep(later(100), horizon, 100).await.unwrap(), 0);
    assert_eq!(store.revocations(0, 10).await.unwrap(), before[4..]);
    commit(&*store, [Write::Revoke(revocation("next", later(200)))]).await;
    let after = store.revocations(0, 10).await.unwrap();
    assert_eq!((after.len(), &after[0]), (2, &before[4]));
    assert_eq!(after[1].seq, before[4].seq + 1);
}

/// An entry that is over is not taken out from between others, and a long tail goes in short steps.
pub async fn are_swept_from_the_front(store: Arc<dyn Store>) {
    let ends = [1, 1, 1, 50, 1, 60];
    commit(&*store, ends.map(|n| Write::Revoke(revocation(&n.to_string(), later(n))))).await;
    let before = store.revocations(0, 10).await.unwrap();
    let horizon = Horizon { sessions: NOW, audit: NOW };
    assert_eq!(store.sweep(later(10), horizon, 1).await.unwrap(), 1);
    assert_eq!(store.sweep(later(10), horizon, 1).await.unwrap(), 1);
    assert_eq!(store.sweep(later(10), horizon, 1).await.unwrap(), 0);
    assert_eq!(store.revocations(0, 10).await.unwrap(), before[2..]);
}

pub async fn each_digest_covers_all_before_it(store: Arc<dyn Store>) {
    commit(&*store, (0..3).map(|n| Write::Revoke(revocation(&n.to_string(), later(60))))).await;
    commit(&*store, [Write::Revoke(Revocation { before: Some(NOW), ..revocation("sub", later(60)) })]).await;
    let mut digest = FeedDigest::START;
    for record in store.revocations(0, 10).await.unwrap() {
        let again = RevocationRecord::following(digest, record.seq, record.tag, record.revocation.clone());
        assert_eq!(again, record);
        digest = record.digest;
    }
    assert_ne!(digest, FeedDigest::START);
}
