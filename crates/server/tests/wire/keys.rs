use tokenry::config::Span;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::RotateKeys;
use tokenry_domain::revocation::RevocationKind;

use crate::harness::Site;

async fn published(site: &Site) -> usize {
    site.get("/.well-known/jwks.json", "x").await.body["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn keys_rotate_by_themselves_without_a_failing_verification() {
    let site = Site::with(|config| {
        config.keys.rotation = Span::seconds(7200);
        config.keys.publish_ahead = Span::seconds(600);
    })
    .await;
    let mut session = site.signup("kim").await;
    let mut most = 0;
    let mut kids = std::collections::BTreeSet::new();
    for _ in 0..100 {
        site.pass(300);
        let old = session.clone();
        site.app.authority().rotate_due().await.unwrap();
        assert_eq!(site.get("/v1/me", &old.access).await.status, 200);
        session = site.refresh(&old.refresh, None).await.session();
        let header = tokenry_jwt::Unverified::parse(&session.access).unwrap();
        kids.insert(header.insecure_header()["kid"].to_string());
        most = most.max(published(&site).await);
    }
    assert!(kids.len() >= 4, "{}", kids.len());
    assert!(most <= 3, "{most}");
}

#[tokio::test]
async fn a_planned_rotation_publishes_first() {
    let site = Site::new().await;
    site.app.authority().rotate(RotateKeys::Planned, Actor::Operator).await.unwrap();
    assert_eq!(published(&site).await, 2);
    let before = site.signup("kim").await;
    site.pass(3600);
    site.app.authority().rotate_due().await.unwrap();
    let after = site.refresh(&before.refresh, None).await.session();
    let kid = |token: &str| tokenry_jwt::Unverified::parse(token).unwrap().insecure_header()["kid"].clone();
    assert_ne!(kid(&before.access), kid(&after.access));
}

#[tokio::test]
async fn an_emergency_refuses_the_old_key_and_ends_no_session() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.app.authority().rotate(RotateKeys::Emergency, Actor::Operator).await.unwrap();
    site.get("/v1/me", &kim.access).await.is_problem(401, "token_invalid");
    let feed = site.app.authority().store().revocations(0, 10).await.unwrap();
    assert_eq!((feed.len(), feed[0].revocation.kind), (1, RevocationKind::Kid));
    let pair = serde_json::json!({ "refresh_token": kim.refresh, "access_token": kim.access });
    let kim = site.post("/v1/refresh", pair).await.session();
    assert_eq!(site.get("/v1/me", &kim.access).await.status, 200);
    assert_eq!(published(&site).await, 1);
}

#[tokio::test]
async fn another_refresh_key_ends_no_session() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.app.authority().rotate(RotateKeys::Refresh, Actor::Operator).await.unwrap();
    let kim = site.refresh(&kim.refresh, None).await.session();
    assert_eq!(site.refresh(&kim.refresh, None).await.status, 200);
}

#[tokio::test]
async fn keys_that_can_not_be_opened_stop_the_start() {
    let site = Site::new().await;
    let file = site.config.data_dir.0.join("master.key");
    let config = site.config.clone();
    std::fs::remove_file(&file).unwrap();
    let error = tokenry::App::open(config.clone(), config.listen.0).await.err().unwrap();
    assert!(error.to_string().contains("master.key"), "{error}");
    std::fs::write(&file, "A".repeat(43)).unwrap();
    let error = tokenry::App::open(config.clone(), config.listen.0).await.err().unwrap();
    assert!(error.to_string().contains("can't be opened"), "{error}");
    assert_eq!(site.app.authority().list_keys().await.unwrap().len(), 2);
}
