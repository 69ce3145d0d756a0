//! Requests that meet, and clocks that jump.

use std::sync::Arc;

use serde_json::json;
use tokenry::config::SessionStore;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::revocation::RevocationKind;
use tokio::task::JoinSet;

use crate::app::harness::{Admin, Anonymous, Answer, LoggedIn, PASSWORD, Site};

async fn refreshed_at_once(site: &Arc<Site>, token: &str, keys: &[Option<&str>]) -> Vec<Answer> {
    let mut requests = JoinSet::new();
    for key in keys {
        let (site, token, key) = (Arc::clone(site), token.to_owned(), key.map(str::to_owned));
        requests.spawn(async move {
            match key {
                Some(key) => site.refresh_keyed(&token, &key).await,
                None => site.refresh(&token).await,
            }
        });
    }
    requests.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_refreshes_of_one_token_are_one_rotation() {
    for key in [None, Some("one")] {
        let site = Site::shared().await;
        let first = site.signup("kim").await;
        let answers = refreshed_at_once(&site, &first.refresh, &[key; 50]).await;
        let pairs: Vec<LoggedIn> = answers.iter().map(Answer::pair).collect();
        for pair in &pairs {
            assert_eq!(pair.refresh, pairs[0].refresh);
            site.accepts(pair).await;
        }
        // One write: the version counts them.
        let row = site.row(&first).await;
        assert_eq!((row.version, row.refresh.head.generation, row.refresh.child.unwrap().ordinal), (1, 0, 0));
        assert!(site.audit(AuditKind::RefreshReused).await.is_empty());
        let next = refreshed_at_once(&site, &pairs[0].refresh, &[key; 50]).await;
        assert!(next.iter().all(|answer| answer.pair().refresh == next[0].pair().refresh));
        assert_eq!(site.row(&first).await.refresh.head.generation, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_refreshes_with_two_keys_end_the_session_once() {
    let site = Site::shared().await;
    let first = site.signup("kim").await;
    let keys: Vec<_> = (0..20).map(|number| Some(if number % 2 == 0 { "owner" } else { "thief" })).collect();
    for answer in refreshed_at_once(&site, &first.refresh, &keys).await {
        match answer.status {
            200 => {}
            _ if answer.body["code"] == "refresh_reused" => answer.is_problem(401, "refresh_reused"),
            _ => answer.is_problem(401, "token_revoked"),
        }
    }
    site.has_ended(&first, "reuse").await;
    assert_eq!(site.audit(AuditKind::RefreshReused).await.len(), 1);
    assert_eq!(site.revoked(RevocationKind::Sid).await, [first.session]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_sign_ups_of_one_name_make_one_account() {
    let site = Site::shared().await;
    let mut requests = JoinSet::new();
    for number in 0..50 {
        let site = Arc::clone(&site);
        let name = ["Straße", "STRASSE", "ｓtrasse"][number % 3];
        requests.spawn(async move { site.try_signup(name).await });
    }
    let answers = requests.join_all().await;
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    site.accepts(&won[0].pair()).await;
    for answer in lost {
        answer.is_problem(409, "account_exists");
    }
    assert_eq!(site.audit(AuditKind::UserCreated).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_out_that_races_a_refresh_ends_the_session() {
    let site = Site::shared().await;
    site.signup("kim").await;
    for _ in 0..20 {
        let first = site.login("kim").await;
        let (refreshing, leaving) = (Arc::clone(&site), Arc::clone(&site));
        let (one, two) = (first.clone(), first.clone());
        let refresh = tokio::spawn(async move { refreshing.refresh(&one.refresh).await });
        let logout = tokio::spawn(async move { leaving.logout(&two).await });
        let (refresh, logout) = (refresh.await.unwrap(), logout.await.unwrap());
        logout.is_done();
        match refresh.status {
            200 => site.has_ended(&refresh.pair(), "logout").await,
            _ => refresh.is_problem(401, "token_revoked"),
        }
        site.has_ended(&first, "logout").await;
    }
    assert_eq!(site.revoked(RevocationKind::Sid).await.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_log_outs_write_one_entry() {
    let site = Site::shared().await;
    let kim = site.signup("kim").await;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let (site, kim) = (Arc::clone(&site), kim.clone());
        requests.spawn(async move { site.logout(&kim).await });
    }
    requests.join_all().await.iter().for_each(Answer::is_done);
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session]);
}

/// Its client may have gone on elsewhere meanwhile: that it comes late is the server's own doing.
#[tokio::test]
async fn a_request_that_the_server_held_for_longer_than_the_window_accuses_no_one() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    let third = site.refresh(&second.refresh).await.pair();
    site.pass(60);
    site.takes_millis(11_000);
    let held = site.refresh(&first.refresh).await;
    held.is_problem(503, "unavailable");
    assert!(held.headers.contains_key("retry-after"));
    assert_eq!(site.refresh(&third.refresh).await.status, 200, "what is no accusation is decided as ever");
    site.takes_millis(0);
    site.accepts(&third).await;
    assert!(site.audit(AuditKind::RefreshReused).await.is_empty());
    site.refresh(&first.refresh).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn a_clock_set_back_an_hour_ends_no_session() {
    a_clock_that_jumps(-3600).await;
}

#[tokio::test]
async fn a_clock_set_forward_an_hour_ends_no_session() {
    a_clock_that_jumps(3600).await;
}

/// Tokens in every state go on refreshing after the jump, and after the jump back.
async fn a_clock_that_jumps(seconds: i64) {
    let site = Site::new().await;
    let unused = site.signup("kim").await;
    let parent = site.login("kim").await;
    let child = site.refresh(&parent.refresh).await.pair();
    let retried = site.login("kim").await;
    site.refresh(&retried.refresh).await.pair();
    let mut sessions = vec![unused, child, retried];
    for jump in [seconds, -seconds] {
        site.pass(jump);
        for session in &mut sessions {
            let answer = site.refresh_pair(&session.refresh, &session.access).await;
            assert_eq!(answer.status, 200, "{jump}: {answer:?}");
            *session = answer.pair();
            site.accepts(session).await;
            let listed = site.get(session, "/v1/sessions").await;
            assert_eq!(listed.body["sessions"].as_array().unwrap().len(), 3);
        }
        assert_eq!(site.try_login("kim", PASSWORD).await.status, 200);
        site.app.authority().rotate_due().await.unwrap();
        site.delete(&sessions[0], "/v1/sessions").await.is_done();
        sessions.truncate(1);
        let again = [site.login("kim").await, site.login("kim").await];
        sessions.extend(again);
    }
    assert!(site.audit(AuditKind::RefreshReused).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_log_in_that_races_a_disabling_leaves_a_session() {
    let site = Site::shared().await;
    let kim = site.signup("kim").await;
    let path = format!("/v1/admin/users/{}", site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap());
    let mut requests = JoinSet::new();
    for number in 0..20 {
        let (site, path) = (Arc::clone(&site), path.clone());
        requests.spawn(async move {
            match number {
                10 => site.patch(&Admin, &path, json!({ "status": "disabled" })).await,
                _ => site.try_login("kim", PASSWORD).await,
            }
        });
    }
    for answer in requests.join_all().await {
        if answer.body["access_token"].is_string() {
            site.has_ended(&answer.pair(), "disabled").await;
        } else if answer.status != 200 {
            answer.is_problem(401, "invalid_credentials");
        }
    }
    let sessions = site.get(&Admin, &format!("{path}/sessions")).await;
    assert_eq!(sessions.body["sessions"], json!([]));
}

/// Each sees only some of the others before its commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn log_ins_that_race_leave_as_many_sessions_as_a_user_may_have() {
    for store in [SessionStore::Memory, SessionStore::Disk, SessionStore::Database] {
        let limited = Site::with(|config| {
            config.session.store = store;
            config.session.per_user = 3;
        });
        let site = Arc::new(limited.await);
        let kim = site.signup("kim").await;
        let id = site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
        site.takes_millis(1);
        let mut begun = vec![kim.session];
        for _ in 0..3 {
            let mut requests = JoinSet::new();
            for number in 0..20 {
                let site = Arc::clone(&site);
                let method = if number % 2 == 0 { "token" } else { "cookie" };
                let body = json!({ "identifier": "kim", "password": PASSWORD, "method": method });
                requests.spawn(async move { site.post(&Anonymous, "/v1/login", body).await });
            }
            for answer in requests.join_all().await {
                assert_eq!(answer.status, 200, "{answer:?}");
                begun.push(answer.body["session_id"].as_str().unwrap().to_owned());
            }
            site.has_only_the_newest(&id, &begun, 3).await;
            // Whoever comes after them all is not taken for one of them.
            let last = site.login("kim").await;
            site.accepts(&last).await;
            begun.push(last.session);
            site.has_only_the_newest(&id, &begun, 3).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_changes_of_one_account_are_all_kept() {
    let site = Site::shared().await;
    let kim = site.signup("kim").await;
    let path = format!("/v1/admin/users/{}", site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap());
    let mut requests = JoinSet::new();
    for number in 0..20 {
        let (site, path) = (Arc::clone(&site), path.clone());
        let body = json!({ "attributes": { format!("a{number}"): number } });
        requests.spawn(async move { site.patch(&Admin, &path, body).await });
    }
    for answer in requests.join_all().await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let attributes = site.get(&kim, "/v1/me").await.body["attributes"].clone();
    assert_eq!(attributes.as_object().unwrap().len(), 20);
}
