//! `POST /v1/logout`.

use serde_json::json;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{Anonymous, Holder, Site};

const YEAR: i64 = 365 * 86_400;

#[tokio::test]
async fn an_access_token_ends_its_session_even_when_it_has_expired() {
    let site = Site::new().await;
    let (kim, other) = (site.signup("kim").await, site.login("kim").await);
    site.pass(YEAR);
    site.logout(&kim).await.is_done();
    site.pass(-YEAR);
    site.has_ended(&kim, "logout").await;
    site.accepts(&other).await;
}

#[tokio::test]
async fn any_refresh_token_ends_its_session_even_an_old_one() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    let third = site.refresh(&second.refresh).await.pair();
    site.pass(YEAR);
    site.post(&Anonymous, "/v1/logout", json!({ "refresh_token": first.refresh })).await.is_done();
    site.pass(-YEAR);
    site.has_ended(&third, "logout").await;
    assert!(site.audit(AuditKind::RefreshReused).await.is_empty());
}

#[tokio::test]
async fn twice_is_no_error_and_one_entry() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for _ in 0..3 {
        site.logout(&kim).await.is_done();
        site.post(&Anonymous, "/v1/logout", json!({ "refresh_token": kim.refresh })).await.is_done();
    }
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session.as_str()]);
    assert_eq!(site.audit(AuditKind::SessionEnded).await.len(), 1);
    site.has_ended(&kim, "logout").await;
}

#[tokio::test]
async fn the_body_says_what_ends_not_the_header() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    site.post(&kim, "/v1/logout", json!({ "refresh_token": lee.refresh })).await.is_done();
    site.accepts(&kim).await;
    site.has_ended(&lee, "logout").await;
}

#[tokio::test]
async fn what_is_not_genuine_ends_nothing() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.logout(&Anonymous).await.is_problem(401, "token_missing");
    site.logout(&Holder("nonsense")).await.is_problem(401, "token_invalid");
    site.logout(&Holder(&kim.refresh)).await.is_problem(401, "token_invalid");
    for token in ["", "nonsense", kim.access.as_str()] {
        let answer = site.post(&Anonymous, "/v1/logout", json!({ "refresh_token": token })).await;
        answer.is_problem(401, "refresh_invalid");
    }
    site.post(&Anonymous, "/v1/logout", json!({})).await.is_problem(400, "invalid_request");
    site.post(&Anonymous, "/v1/logout", json!({ "session_id": kim.session })).await.is_problem(400, "invalid_request");
    site.accepts(&kim).await;
}
