//! The whole way of a user, from sign-up to log-out.

use serde_json::json;
use tokenry_domain::revocation::RevocationKind;

use crate::app::harness::{Anonymous, PASSWORD, START, Site};

#[tokio::test]
async fn sign_up_log_in_use_expire_refresh_log_out() {
    let site = Site::new().await;
    let signup = site.try_signup("kim").await;
    assert_eq!(signup.status, 201);
    assert_eq!(signup.body["user"]["username"], "kim");
    assert_eq!(signup.body["user"]["status"], "active");

    let login = site.try_login("kim", PASSWORD).await;
    assert_eq!(login.status, 200);
    assert_eq!(login.body["token_type"], "Bearer");
    assert_eq!(login.body["expires_in"], 3600);
    assert_eq!(login.body["refresh_expires_in"], 14 * 86_400);
    assert_eq!(login.body["server_time"], START);
    assert_eq!(login.body["user"]["id"], signup.body["user"]["id"]);
    assert_eq!(login.header("cache-control"), "no-store");
    let kim = login.pair();
    assert_ne!(kim.session, signup.pair().session);
    site.accepts(&kim).await;

    site.pass(3600);
    let expired = site.get(&kim, "/v1/me").await;
    expired.is_problem(401, "token_expired");
    assert!(expired.header("www-authenticate").contains("error=\"invalid_token\""), "{expired:?}");

    let refreshed = site.refresh_pair(&kim.refresh, &kim.access).await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(refreshed.body["server_time"], START + 3600);
    let kim = refreshed.pair();
    site.accepts(&kim).await;

    site.logout(&kim).await.is_done();
    site.has_ended(&kim, "logout").await;
    assert_eq!(site.revoked(RevocationKind::Sid).await, [kim.session]);
    // The session of the sign-up is another one and goes on.
    site.pass(-3600);
    site.accepts(&signup.pair()).await;
}

#[tokio::test]
async fn a_user_stays_logged_in_by_refreshing() {
    let site = Site::new().await;
    let mut kim = site.signup("kim").await;
    for _ in 0..20 {
        site.pass(13 * 86_400);
        kim = site.refresh_pair(&kim.refresh, &kim.access).await.pair();
        site.accepts(&kim).await;
    }
    assert_eq!(site.row(&kim).await.refresh.head.generation, 19);
}

#[tokio::test]
async fn a_restart_ends_no_session() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let kim = site.signup("kim").await;
    drop(site);
    let site = Site::in_directory(directory.path(), None).await;
    site.accepts(&kim).await;
    assert_eq!(site.refresh(&kim.refresh).await.status, 200);
    let taken = json!({ "username": "kim", "password": PASSWORD });
    site.post(&Anonymous, "/v1/signup", taken).await.is_problem(409, "account_exists");
}
