//! `POST /v1/password`.

use serde_json::json;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{Answer, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

async fn change(site: &Site, user: &LoggedIn, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    site.post(user, "/v1/password", body).await
}

#[tokio::test]
async fn a_change_ends_every_other_session_and_keeps_the_own() {
    let site = Site::new().await;
    let (kim, other, lee) = (site.signup("kim").await, site.login("kim").await, site.signup("lee").await);
    change(&site, &kim, PASSWORD, OTHER_PASSWORD).await.is_done();
    site.accepts(&kim).await;
    assert_eq!(site.refresh(&kim.refresh).await.status, 200);
    site.has_ended(&other, "password").await;
    site.accepts(&lee).await;
    assert_eq!(site.revoked(RevocationKind::Sid).await, [other.session]);
    assert!(site.revoked(RevocationKind::Sub).await.is_empty());
    site.try_login("kim", PASSWORD).await.is_problem(401, "invalid_credentials");
    assert_eq!(site.try_login("kim", OTHER_PASSWORD).await.status, 200);
    assert_eq!(site.audit(AuditKind::PasswordChanged).await.len(), 1);
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let site = Site::new().await;
    let (kim, other) = (site.signup("kim").await, site.login("kim").await);
    change(&site, &kim, OTHER_PASSWORD, OTHER_PASSWORD).await.is_problem(401, "invalid_credentials");
    change(&site, &kim, PASSWORD, "12345678").await.is_problem(422, "weak_password");
    change(&site, &kim, PASSWORD, "").await.is_invalid_at("/new_password");
    change(&site, &kim, PASSWORD, &"ab1!".repeat(257)).await.is_invalid_at("/new_password");
    site.accepts(&other).await;
    site.login("kim").await;
}

#[tokio::test]
async fn a_session_that_has_ended_changes_no_password() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.logout(&kim).await.is_done();
    change(&site, &kim, PASSWORD, OTHER_PASSWORD).await.is_problem(401, "token_revoked");
    site.login("kim").await;
}

#[tokio::test]
async fn guesses_at_the_current_password_are_throttled() {
    let site = Site::with(|config| config.rate_limit.enabled = true).await;
    let kim = site.signup("kim").await;
    for _ in 0..10 {
        change(&site, &kim, "a guess at it", OTHER_PASSWORD).await.is_problem(401, "invalid_credentials");
    }
    change(&site, &kim, PASSWORD, OTHER_PASSWORD).await.is_problem(429, "rate_limited");
}
