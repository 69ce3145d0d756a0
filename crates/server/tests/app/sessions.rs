//! `/v1/sessions`.

use axum::http::Request;
use serde_json::{Value, json};
use tokenry_domain::audit::AuditKind;
use tokenry_domain::revocation::RevocationKind;
use tokenry_store::{Restoring, back_up};

use crate::app::harness::{PASSWORD, START, Site};

async fn listed(site: &Site, user: &crate::app::harness::LoggedIn) -> Vec<Value> {
    let answer = site.get(user, "/v1/sessions").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_callers_live_sessions_are_listed_newest_first() {
    let site = Site::new().await;
    let one = site.signup("kim").await;
    site.signup("lee").await;
    site.pass(60);
    let request = Request::post("/v1/login").header("user-agent", "Firefox/1.0");
    let two = site.send_json(request, &json!({ "identifier": "kim", "password": PASSWORD })).await.pair();
    let sessions = listed(&site, &one).await;
    let ids: Vec<&str> = sessions.iter().map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [two.session.as_str(), one.session.as_str()]);
    assert_eq!((&sessions[0]["current"], &sessions[1]["current"]), (&json!(false), &json!(true)));
    assert_eq!(sessions[0]["device"], "Firefox/1.0");
    assert_eq!(sessions[0]["address"], "192.0.2.1");
    assert_eq!(sessions[0]["created_at"], START + 60);
    assert_eq!(sessions[0]["expires_at"], START + 60 + 14 * 86_400);
    site.pass(60);
    site.refresh(&one.refresh).await.pair();
    let sessions = listed(&site, &one).await;
    let own = sessions.iter().find(|session| session["current"] == true).unwrap();
    assert_eq!((&own["created_at"], &own["last_used_at"]), (&json!(START), &json!(START + 120)));
}

#[tokio::test]
async fn an_expired_session_is_not_listed() {
    let site = Site::new().await;
    site.signup("kim").await;
    site.pass(14 * 86_400);
    let new = site.login("kim").await;
    assert_eq!(listed(&site, &new).await.len(), 1);
}

#[tokio::test]
async fn a_user_ends_another_own_session() {
    let site = Site::new().await;
    let (one, two, three) = (site.signup("kim").await, site.login("kim").await, site.login("kim").await);
    let path = format!("/v1/sessions/{}", two.session);
    site.delete(&one, &path).await.is_done();
    site.has_ended(&two, "logout").await;
    site.accepts(&one).await;
    site.accepts(&three).await;
    // Once more there is nothing to end, and no second entry.
    site.delete(&one, &path).await.is_problem(404, "not_found");
    assert_eq!(site.revoked(RevocationKind::Sid).await, [two.session]);
}

#[tokio::test]
async fn a_user_ends_this_session() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.delete(&kim, &format!("/v1/sessions/{}", kim.session)).await.is_done();
    site.has_ended(&kim, "logout").await;
}

#[tokio::test]
async fn someone_elses_session_is_not_found_and_goes_on() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let mut elses = site.delete(&kim, &format!("/v1/sessions/{}", lee.session)).await;
    let mut missing = site.delete(&kim, "/v1/sessions/nonsense").await;
    for answer in [&mut elses, &mut missing] {
        answer.is_problem(404, "not_found");
        answer.body.as_object_mut().unwrap().remove("request_id");
    }
    // Nothing tells one that exists from one that does not.
    assert_eq!(elses.body, missing.body);
    site.accepts(&lee).await;
    assert!(site.revoked(RevocationKind::Sid).await.is_empty());
    assert!(site.audit(AuditKind::SessionEnded).await.is_empty());
}

/// It is lost, its access token is not: other services take it until the feed says no.
#[tokio::test]
async fn a_log_out_from_a_session_that_a_restored_database_does_not_know_reaches_the_feed() {
    let directory = tempfile::tempdir().unwrap();
    let [database, backup] = ["tokenry.db", "copy.db"].map(|name| directory.path().join(name));
    let site = Site::in_directory(directory.path(), None).await;
    back_up(&database, &backup).unwrap();
    let kim = site.signup("kim").await;
    let now = site.row(&kim).await.created_at;
    drop(site);
    let restoring = Restoring::prepare(&database, &backup, Vec::new(), now, |_| now).await.unwrap();
    restoring.finish().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    assert!(site.store().session(kim.session.parse().unwrap()).await.unwrap().is_none());
    site.logout(&kim).await.is_done();
    assert_eq!(site.revoked(RevocationKind::Sid).await, std::slice::from_ref(&kim.session));
    // What no verifier takes any more needs no entry.
    site.pass(2 * 3600);
    site.logout(&kim).await.is_done();
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session]);
}

#[tokio::test]
async fn a_user_ends_all_other_sessions_each_with_one_entry() {
    let site = Site::new().await;
    let lee = site.signup("lee").await;
    let kim = site.signup("kim").await;
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(site.login("kim").await);
    }
    for _ in 0..2 {
        site.delete(&kim, "/v1/sessions").await.is_done();
    }
    let mut expected = Vec::new();
    for other in others {
        site.has_ended(&other, "logout").await;
        expected.push(other.session);
    }
    site.accepts(&kim).await;
    site.accepts(&lee).await;
    let mut revoked = site.revoked(RevocationKind::Sid).await;
    revoked.sort();
    expected.sort();
    assert_eq!(revoked, expected);
}
