//! A disk without room.

use serde_json::json;
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{Anonymous, Answer, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

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

/// Whoever is told that it is done may leave the device; whoever is not told so is logged in still, and sees it.
#[tokio::test]
async fn a_full_disk_ends_a_session_or_says_that_it_has_not() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let mut users = Vec::new();
    for number in 0..60 {
        let name = format!("early{number}");
        users.push((site.signup(&name).await, site.login(&name).await, name));
    }
    drop(site);

    let site = Site::in_directory(directory.path(), Some(1)).await;
    fill(&site).await;
    let mut ended = Vec::new();
    let (mut unchanged, mut logged_in) = (Vec::new(), Vec::new());
    for (number, (user, other, name)) in users.iter().enumerate() {
        let answer = if number % 2 == 0 { change_password(&site, user).await } else { site.logout(other).await };
        if answer.status == 204 {
            site.has_ended(other, if number % 2 == 0 { "password" } else { "logout" }).await;
            ended.push(other.session.clone());
            continue;
        }
        answer.is_problem(503, "unavailable");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        are_alive(&site, user, other).await;
        if number % 2 == 0 { &mut unchanged } else { &mut logged_in }.push((user, other, name));
    }
    assert!(!unchanged.is_empty() && !logged_in.is_empty(), "there was room for all");
    assert_eq!(site.revoked(RevocationKind::Sid).await, ended);
    drop(site);

    let site = Site::in_directory(directory.path(), None).await;
    for (user, other, name) in unchanged {
        are_alive(&site, user, other).await;
        let third = site.login(name).await;
        change_password(&site, user).await.is_done();
        site.has_ended(other, "password").await;
        site.has_ended(&third, "password").await;
        site.try_login(name, PASSWORD).await.is_problem(401, "invalid_credentials");
        assert_eq!(site.try_login(name, OTHER_PASSWORD).await.status, 200);
    }
    for (user, other, _) in logged_in {
        are_alive(&site, user, other).await;
        site.logout(other).await.is_done();
        site.has_ended(other, "logout").await;
        site.accepts(user).await;
    }
}

async fn change_password(site: &Site, user: &LoggedIn) -> Answer {
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(user, "/v1/password", body).await
}

/// That both sessions of a user are accepted, and listed to each other.
async fn are_alive(site: &Site, one: &LoggedIn, other: &LoggedIn) {
    for user in [one, other] {
        site.accepts(user).await;
        let listed = site.get(user, "/v1/sessions").await.body;
        let has = |session: &str| listed["sessions"].as_array().unwrap().iter().any(|listed| listed["id"] == session);
        assert!(has(&one.session) && has(&other.session), "{listed}");
    }
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
