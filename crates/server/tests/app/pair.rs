//! `POST /v1/refresh` with the access token that came with the refresh token.

use serde_json::json;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::RotateKeys;
use tokenry_jwt::{Algorithm, SigningKey, Unverified};

use crate::app::harness::{Anonymous, Site};

/// That this access token is refused beside a fresh refresh token, and that nothing changes.
async fn is_mismatch(site: &Site, refresh: &str, access: &str) {
    site.refresh_pair(refresh, access).await.is_problem(401, "token_mismatch");
}

#[tokio::test]
async fn another_sessions_access_token_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    let (kim, lee, kims_other) = (site.signup("kim").await, site.signup("lee").await, site.login("kim").await);
    for access in [&lee.access, &kims_other.access] {
        is_mismatch(&site, &kim.refresh, access).await;
    }
    assert_eq!(site.row(&kim).await.version, 0);
    for user in [&kim, &lee, &kims_other] {
        site.accepts(user).await;
        assert_eq!(site.refresh_pair(&user.refresh, &user.access).await.status, 200);
    }
}

#[tokio::test]
async fn a_mismatch_is_not_taken_for_reuse() {
    let site = Site::new().await;
    let (first, lee) = (site.signup("kim").await, site.signup("lee").await);
    let second = site.refresh(&first.refresh).await.pair();
    let third = site.refresh(&second.refresh).await.pair();
    site.pass(11);
    is_mismatch(&site, &first.refresh, &lee.access).await;
    site.accepts(&third).await;
}

#[tokio::test]
async fn what_is_no_genuine_access_token_is_refused() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let (signed, _) = kim.access.rsplit_once('.').unwrap();
    let real = Unverified::parse(&kim.access).unwrap();
    let kid = real.insecure_header()["kid"].as_str().unwrap().to_owned();
    let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap().with_key_id(kid);
    let forged = stranger.sign("at+jwt", real.insecure_claims()).unwrap();
    let keys = site.app.authority().keys();
    let other_type = keys.access().sign("JWT", real.insecure_claims()).unwrap();
    let mut claims = real.insecure_claims().clone();
    claims["iss"] = "http://elsewhere.example".into();
    let other_issuer = keys.access().sign("at+jwt", &claims).unwrap();
    let altered = format!("{signed}.{}", "A".repeat(86));
    for access in ["", "nonsense", signed, &altered, &forged, &other_type, &other_issuer, &kim.refresh] {
        is_mismatch(&site, &kim.refresh, access).await;
    }
    assert_eq!(site.row(&kim).await.version, 0);
}

#[tokio::test]
async fn its_age_and_its_audience_do_not_matter() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let mut claims = Unverified::parse(&kim.access).unwrap().insecure_claims().clone();
    claims["aud"] = "another".into();
    claims["nbf"] = 90_000_000_000_i64.into();
    let odd = site.app.authority().keys().access().sign("at+jwt", &claims).unwrap();
    site.pass(13 * 86_400);
    assert_eq!(site.refresh_pair(&kim.refresh, &kim.access).await.status, 200);
    assert_eq!(site.refresh_pair(&kim.refresh, &odd).await.status, 200);
}

#[tokio::test]
async fn an_older_access_token_of_the_session_will_do() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    assert_eq!(site.refresh_pair(&second.refresh, &first.access).await.status, 200);
}

#[tokio::test]
async fn it_is_still_recognised_when_its_key_is_gone() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    site.app.authority().rotate(RotateKeys::Emergency, Actor::Operator).await.unwrap();
    is_mismatch(&site, &kim.refresh, &lee.access).await;
    assert_eq!(site.refresh_pair(&kim.refresh, &kim.access).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_not_known_counts_as_not_sent() {
    for required in [false, true] {
        let site = Site::with(|config| config.token.require_access_token = required).await;
        let kim = site.signup("kim").await;
        let real = Unverified::parse(&kim.access).unwrap();
        let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let unknown = stranger.sign("at+jwt", real.insecure_claims()).unwrap();
        let answer = site.refresh_pair(&kim.refresh, &unknown).await;
        match required {
            true => answer.is_problem(401, "token_mismatch"),
            false => assert_eq!(answer.status, 200),
        }
    }
}

#[tokio::test]
async fn it_can_be_made_mandatory() {
    let site = Site::with(|config| config.token.require_access_token = true).await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.refresh).await.is_problem(401, "token_mismatch");
    let null = json!({ "refresh_token": kim.refresh, "access_token": null });
    site.post(&Anonymous, "/v1/refresh", null).await.is_problem(401, "token_mismatch");
    assert_eq!(site.row(&kim).await.version, 0);
    assert_eq!(site.refresh_pair(&kim.refresh, &kim.access).await.status, 200);
}
