use axum::http::Method;
use serde_json::json;
use tokenry::config::Span;
use tokenry_domain::audit::{AuditFilter, AuditKind};

use crate::harness::{PASSWORD, Session, Site};

async fn audited(site: &Site, kind: AuditKind) -> usize {
    let filter = AuditFilter { kinds: vec![kind], limit: 1000, ..AuditFilter::default() };
    site.app.authority().store().audit(filter).await.unwrap().len()
}

async fn generation(site: &Site, session: &Session) -> u64 {
    let (session, _) = site.app.authority().store().session(session.id.parse().unwrap()).await.unwrap().unwrap();
    session.refresh.head.generation
}

#[tokio::test]
async fn a_session_is_refreshed_again_and_again() {
    let site = Site::new().await;
    let mut session = site.signup("kim").await;
    for _ in 0..5 {
        site.pass(3500);
        let body = json!({ "refresh_token": session.refresh, "access_token": session.access });
        let answer = site.post("/v1/refresh", body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["expires_in"], 3600);
        assert_eq!(answer.body["refresh_expires_in"], 14 * 86_400);
        session = answer.session();
        assert_eq!(site.get("/v1/me", &session.access).await.body["username"], "kim");
    }
}

#[tokio::test]
async fn a_repeat_gets_the_same_refresh_token_and_a_fork_another() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    let first = site.refresh(&session.refresh, None).await.session();
    site.pass(10);
    let repeat = site.refresh(&session.refresh, None).await.session();
    assert_eq!(first.refresh, repeat.refresh);
    assert_ne!(first.access, repeat.access);
    site.pass(1);
    let fork = site.refresh(&session.refresh, None).await.session();
    assert_ne!(first.refresh, fork.refresh);
    assert_eq!(site.refresh(&fork.refresh, None).await.status, 200);
    site.refresh(&first.refresh, None).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn reuse_throws_both_parties_out_and_tells_the_feed_and_the_audit_log() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    let second = site.refresh(&session.refresh, None).await.session();
    let third = site.refresh(&second.refresh, None).await.session();
    site.pass(11);
    let reused = site.refresh(&session.refresh, None).await;
    reused.is_problem(401, "refresh_reused");
    assert_eq!(reused.body["reason"], "reuse");
    let ended = site.refresh(&third.refresh, None).await;
    ended.is_problem(401, "token_revoked");
    assert_eq!(ended.body["reason"], "reuse");
    site.get("/v1/me", &third.access).await.is_problem(401, "token_revoked");
    assert_eq!(audited(&site, AuditKind::RefreshReused).await, 1);
    let feed = site.app.authority().store().revocations(0, 10).await.unwrap();
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0].revocation.value, session.id);
}

#[tokio::test]
async fn a_late_duplicate_is_stale_and_changes_nothing() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    let second = site.refresh(&session.refresh, None).await.session();
    let third = site.refresh(&second.refresh, None).await.session();
    let stale = site.refresh(&session.refresh, None).await;
    stale.is_problem(409, "refresh_stale");
    assert!(!stale.headers.contains_key("retry-after"));
    assert_eq!(site.refresh(&third.refresh, None).await.status, 200);
}

#[tokio::test]
async fn a_keyed_request_is_repeated_however_late() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    let first = site.refresh(&session.refresh, Some("one")).await.session();
    site.pass(3600);
    let late = site.refresh(&session.refresh, Some("one")).await;
    assert_eq!(late.status, 200);
    let late = late.session();
    assert_eq!(site.refresh(&late.refresh, Some("two")).await.status, 200);
    site.refresh(&session.refresh, Some("one")).await.is_problem(409, "refresh_stale");
    site.refresh(&first.refresh, None).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn another_key_on_one_token_is_reuse() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    site.refresh(&session.refresh, Some("owner")).await.session();
    site.refresh(&session.refresh, Some("thief")).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn fifty_parallel_refreshes_of_one_token_are_one_rotation() {
    let site = std::sync::Arc::new(Site::new().await);
    let session = site.signup("kim").await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (site, token) = (std::sync::Arc::clone(&site), session.refresh.clone());
        requests.spawn(async move { site.refresh(&token, None).await });
    }
    let answers: Vec<Session> = requests.join_all().await.iter().map(|answer| answer.session()).collect();
    assert!(answers.iter().all(|answer| answer.refresh == answers[0].refresh));
    for answer in &answers {
        assert_eq!(site.get("/v1/me", &answer.access).await.status, 200);
    }
    assert_eq!(generation(&site, &session).await, 0);
    assert_eq!(site.refresh(&answers[0].refresh, None).await.status, 200);
    assert_eq!(generation(&site, &session).await, 1);
}

#[tokio::test]
async fn an_expired_refresh_token_is_refused_and_a_retry_has_ten_seconds_more() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    site.pass(14 * 86_400 - 1);
    assert_eq!(site.refresh(&session.refresh, None).await.status, 200);
    site.pass(10);
    assert_eq!(site.refresh(&session.refresh, None).await.status, 200);
    site.pass(1);
    site.refresh(&session.refresh, None).await.is_problem(401, "refresh_expired");
}

#[tokio::test]
async fn a_session_with_a_greatest_age_ends_then() {
    let site = Site::with(|config| config.session.max_age = Span::seconds(7200)).await;
    let session = site.signup("kim").await;
    site.pass(5400);
    let answer = site.refresh(&session.refresh, None).await;
    assert_eq!((&answer.body["expires_in"], &answer.body["refresh_expires_in"]), (&json!(1800), &json!(1800)));
    let session = answer.session();
    site.pass(1800);
    site.refresh(&session.refresh, None).await.is_problem(401, "refresh_expired");
    site.get("/v1/me", &session.access).await.is_problem(401, "token_expired");
}

#[tokio::test]
async fn the_pair_must_belong_together() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let pair = |refresh: &str, access: &str| json!({ "refresh_token": refresh, "access_token": access });
    site.post("/v1/refresh", pair(&kim.refresh, &lee.access)).await.is_problem(401, "token_mismatch");
    site.post("/v1/refresh", pair(&kim.refresh, &kim.refresh)).await.is_problem(401, "token_mismatch");
    site.post("/v1/refresh", pair(&kim.refresh, "")).await.is_problem(401, "token_mismatch");
    let (signed, _) = kim.access.rsplit_once('.').unwrap();
    let altered = format!("{signed}.{}", "A".repeat(86));
    site.post("/v1/refresh", pair(&kim.refresh, &altered)).await.is_problem(401, "token_mismatch");
    site.pass(86_400);
    assert_eq!(site.post("/v1/refresh", pair(&kim.refresh, &kim.access)).await.status, 200);
}

#[tokio::test]
async fn the_pair_can_be_made_mandatory() {
    let site = Site::with(|config| config.token.require_access_token = true).await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.refresh, None).await.is_problem(401, "token_mismatch");
    let pair = json!({ "refresh_token": kim.refresh, "access_token": kim.access });
    assert_eq!(site.post("/v1/refresh", pair).await.status, 200);
}

#[tokio::test]
async fn a_clock_set_back_or_forward_an_hour_ends_no_session() {
    for change in [-3600, 3600] {
        let site = Site::new().await;
        let session = site.signup("kim").await;
        let next = site.refresh(&session.refresh, None).await.session();
        site.pass(change);
        let again = site.refresh(&next.refresh, None).await;
        assert_eq!(again.status, 200, "{again:?}");
        let again = again.session();
        assert_eq!(site.get("/v1/me", &again.access).await.status, 200);
        site.pass(-change);
        let last = site.refresh(&again.refresh, None).await;
        assert_eq!(last.status, 200, "{last:?}");
        assert_eq!(site.get("/v1/me", &last.session().access).await.status, 200);
    }
}

#[tokio::test]
async fn a_client_ahead_of_a_restored_database_is_followed() {
    let site = Site::new().await;
    let session = site.signup("kim").await;
    let store = site.app.authority().store();
    let (row, _) = store.session(session.id.parse().unwrap()).await.unwrap().unwrap();
    let mut newest = session.clone();
    for _ in 0..3 {
        newest = site.refresh(&newest.refresh, None).await.session();
    }
    let (current, _) = store.session(row.id).await.unwrap().unwrap();
    let restored = tokenry_domain::session::Session { version: current.version, ..row };
    store.commit(vec![tokenry_domain::store::Write::UpdateSession(restored)]).await.unwrap();
    assert_eq!(site.refresh(&newest.refresh, None).await.status, 200);
    assert_eq!(audited(&site, AuditKind::RefreshFastForward).await, 1);
}

#[tokio::test]
async fn logging_out_races_refreshing_and_wins() {
    for _ in 0..20 {
        let site = std::sync::Arc::new(Site::new().await);
        let session = site.signup("kim").await;
        let (one, two) = (std::sync::Arc::clone(&site), std::sync::Arc::clone(&site));
        let (token, access) = (session.refresh.clone(), session.access.clone());
        let refresh = tokio::spawn(async move { one.refresh(&token, None).await });
        let logout = tokio::spawn(async move { two.call(Method::POST, "/v1/logout", Some(&access), None).await });
        let (refresh, logout) = (refresh.await.unwrap(), logout.await.unwrap());
        assert_eq!(logout.status, 204);
        let newest = if refresh.status == 200 { refresh.session().refresh } else { session.refresh };
        site.refresh(&newest, None).await.is_problem(401, "token_revoked");
    }
}

#[tokio::test]
async fn logging_out_takes_any_genuine_token_of_the_session() {
    let site = Site::new().await;
    for use_refresh in [false, true] {
        let first = site.login_or_signup().await;
        let second = site.refresh(&first.refresh, None).await.session();
        site.pass(30 * 86_400);
        let answer = match use_refresh {
            true => site.post("/v1/logout", json!({ "refresh_token": first.refresh })).await,
            false => site.call(Method::POST, "/v1/logout", Some(&first.access), None).await,
        };
        assert_eq!(answer.status, 204, "{answer:?}");
        site.pass(-30 * 86_400);
        site.refresh(&second.refresh, None).await.is_problem(401, "token_revoked");
    }
    site.call(Method::POST, "/v1/logout", None, None).await.is_problem(401, "token_missing");
}

#[tokio::test]
async fn a_keyed_login_makes_a_keyed_session() {
    let site = Site::new().await;
    site.signup("kim").await;
    let request = axum::http::Request::post("/v1/login")
        .header("content-type", "application/json")
        .header("idempotency-key", "first");
    let body = json!({ "identifier": "kim", "password": PASSWORD }).to_string();
    let session = site.send(request.body(body.into()).unwrap()).await.session();
    site.refresh(&session.refresh, None).await.is_problem(401, "refresh_reused");
}

impl Site {
    async fn login_or_signup(&self) -> Session {
        let body = json!({ "username": "kim", "password": PASSWORD });
        match self.post("/v1/signup", body).await {
            answer if answer.status == 201 => answer.session(),
            _ => self.login("kim").await,
        }
    }
}
