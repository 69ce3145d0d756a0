//! A disk without room.

use crate::app::harness::{Anonymous, LoggedIn, Site};

#[tokio::test]
async fn a_full_disk_is_answered_503_and_loses_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let mut users = Vec::new();
    for number in 0..30 {
        users.push(site.signup(&format!("early{number}")).await);
    }
    drop(site);

    // No page more than there is: what is free inside the pages fills up first.
    let site = Site::in_directory(directory.path(), Some(1)).await;
    fill(&site).await;
    let mut refused = 0;
    for user in &mut users {
        // A rotation that grows its row needs room in its page: some find it, some do not.
        let answer = site.refresh_keyed(&user.refresh, "one").await;
        match answer.status {
            200 => *user = answer.pair(),
            _ => {
                answer.is_problem(503, "unavailable");
                refused += 1;
            }
        }
        site.accepts(user).await;
    }
    assert!(refused > 0);
    drop(site);

    let site = Site::in_directory(directory.path(), None).await;
    for LoggedIn { refresh, .. } in &users {
        let answer = site.refresh_keyed(refresh, "two").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(site.try_signup("one-more").await.status, 201);
    assert_eq!(site.get(&Anonymous, "/readyz").await.status, 200);
}

/// Signs up until there is no room.
async fn fill(site: &Site) {
    for number in 0..500 {
        let answer = site.try_signup(&format!("late{number}")).await;
        if answer.status != 201 {
            answer.is_problem(503, "unavailable");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            return;
        }
    }
    panic!("the disk never fills up");
}
