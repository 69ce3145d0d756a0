//! `POST /v1/refresh`: the table of the protocol row by row, for a client without keys.

use tokenry::config::Span;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::revocation::RevocationKind;
use tokenry_domain::session::Session;
use tokenry_domain::store::Write;

use crate::app::harness::{LoggedIn, Site};

const REFRESH_TTL: i64 = 14 * 86_400;

#[tokio::test]
async fn a_head_without_a_child_rotates() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let answer = site.refresh(&first.refresh).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let second = answer.pair();
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access, first.access);
    assert_eq!(second.session, first.session);
    site.accepts(&first).await;
    site.accepts(&second).await;
}

#[tokio::test]
async fn a_repeat_within_the_window_gets_the_same_refresh_token_and_writes_nothing() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    let version = site.row(&first).await.version;
    for _ in 0..2 {
        site.pass(5);
        let again = site.refresh(&first.refresh).await.pair();
        assert_eq!(again.refresh, second.refresh);
        assert_ne!(again.access, second.access);
        site.accepts(&again).await;
    }
    assert_eq!(site.row(&first).await.version, version);
}

#[tokio::test]
async fn a_repeat_after_the_window_forks() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    site.pass_millis(10_001);
    let sibling = site.refresh(&first.refresh).await.pair();
    assert_ne!(sibling.refresh, second.refresh);
    assert_eq!(site.row(&first).await.refresh.child.unwrap().ordinal, 1);
}

#[tokio::test]
async fn the_window_can_be_configured() {
    let site = Site::with(|config| config.token.repeat_window = Span::seconds(60)).await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    site.pass(60);
    assert_eq!(site.refresh(&first.refresh).await.pair().refresh, second.refresh);
    site.pass(1);
    assert_ne!(site.refresh(&first.refresh).await.pair().refresh, second.refresh);
}

#[tokio::test]
async fn each_sibling_is_a_receipt_until_one_of_them_is_used() {
    for used in 0..3 {
        let site = Site::new().await;
        let first = site.signup("kim").await;
        let mut siblings = Vec::new();
        for _ in 0..3 {
            siblings.push(site.refresh(&first.refresh).await.pair());
            site.pass(11);
        }
        let next = site.refresh(&siblings[used].refresh).await;
        assert_eq!(next.status, 200, "{next:?}");
        assert_eq!(site.row(&first).await.refresh.head.ordinal, u32::try_from(used).unwrap());
        // Whoever presents a dead one is a second party.
        site.refresh(&siblings[(used + 1) % 3].refresh).await.is_problem(401, "refresh_reused");
        site.has_ended(&next.pair(), "reuse").await;
    }
}

#[tokio::test]
async fn a_child_is_a_receipt_and_rotates() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    assert_eq!(site.row(&first).await.refresh.head.generation, 0);
    let third = site.refresh(&second.refresh).await.pair();
    let state = site.row(&first).await.refresh;
    assert_eq!((state.head.generation, state.child.unwrap().ordinal), (1, 0));
    site.accepts(&third).await;
}

#[tokio::test]
async fn a_replaced_token_is_stale_within_the_window_and_changes_nothing() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    let third = site.refresh(&second.refresh).await.pair();
    let before = site.row(&first).await.version;
    site.pass(10);
    let stale = site.refresh(&first.refresh).await;
    stale.is_problem(409, "refresh_stale");
    assert!(!stale.headers.contains_key("retry-after"));
    assert_eq!(site.row(&first).await.version, before);
    site.accepts(&third).await;
    assert_eq!(site.refresh(&third.refresh).await.status, 200);
}

#[tokio::test]
async fn the_last_four_generations_are_stale_within_the_window_and_the_fifth_is_reuse() {
    let site = Site::new().await;
    let mut tokens = vec![site.signup("kim").await];
    // The last one is the head's child: five receipts are behind it.
    for number in 0..6 {
        tokens.push(site.refresh(&tokens[number].refresh).await.pair());
    }
    for replaced in &tokens[1..5] {
        site.refresh(&replaced.refresh).await.is_problem(409, "refresh_stale");
    }
    site.refresh(&tokens[0].refresh).await.is_problem(401, "refresh_reused");
}

#[tokio::test]
async fn a_stolen_token_used_later_throws_both_sides_out() {
    let site = Site::new().await;
    let stolen = site.signup("kim").await;
    let second = site.refresh(&stolen.refresh).await.pair();
    let owner = site.refresh(&second.refresh).await.pair();
    site.pass(11);
    let reused = site.refresh(&stolen.refresh).await;
    reused.is_problem(401, "refresh_reused");
    assert_eq!(reused.body["reason"], "reuse");
    site.has_ended(&owner, "reuse").await;
    site.has_ended(&stolen, "reuse").await;
    let audited = site.audit(AuditKind::RefreshReused).await;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].event.session.map(|id| id.to_string()), Some(owner.session.clone()));
    assert_eq!(site.revoked(RevocationKind::Sid).await, [owner.session]);
}

#[tokio::test]
async fn a_thief_who_refreshes_first_is_thrown_out_by_the_owner() {
    let site = Site::new().await;
    let owner = site.signup("kim").await;
    let mut thief = owner.clone();
    for _ in 0..3 {
        thief = site.refresh(&thief.refresh).await.pair();
        site.pass(11);
    }
    site.refresh(&owner.refresh).await.is_problem(401, "refresh_reused");
    site.has_ended(&thief, "reuse").await;
}

#[tokio::test]
async fn reuse_of_one_session_ends_no_other() {
    let site = Site::new().await;
    let (first, other) = (site.signup("kim").await, site.login("kim").await);
    let second = site.refresh(&first.refresh).await.pair();
    site.refresh(&second.refresh).await.pair();
    site.pass(11);
    site.refresh(&first.refresh).await.is_problem(401, "refresh_reused");
    site.accepts(&other).await;
    assert_eq!(site.refresh(&other.refresh).await.status, 200);
}

/// Sets the session's row back to an earlier copy, as a restored back-up does.
async fn restore(site: &Site, earlier: Session) {
    let user = LoggedIn { access: String::new(), refresh: String::new(), session: earlier.id.to_string() };
    let version = site.row(&user).await.version;
    site.store().commit(vec![Write::UpdateSession(Session { version, ..earlier })]).await.unwrap();
}

#[tokio::test]
async fn a_client_ahead_of_a_restored_row_is_followed_and_audited() {
    let site = Site::new().await;
    let mut kim = site.signup("kim").await;
    let backup = site.row(&kim).await;
    for _ in 0..7 {
        kim = site.refresh(&kim.refresh).await.pair();
    }
    restore(&site, backup).await;
    let next = site.refresh(&kim.refresh).await;
    assert_eq!(next.status, 200, "{next:?}");
    assert_eq!(site.row(&kim).await.refresh.head.generation, 7);
    assert_eq!(site.audit(AuditKind::RefreshFastForward).await.len(), 1);
    assert_eq!(site.refresh(&next.pair().refresh).await.status, 200);
}

#[tokio::test]
async fn a_restored_copy_of_the_database_file_keeps_its_sessions() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let mut kim = site.signup("kim").await;
    let file = site.config.database_file();
    drop(site);
    let backup = directory.path().join("backup");
    std::fs::copy(&file, &backup).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    for _ in 0..3 {
        kim = site.refresh(&kim.refresh).await.pair();
    }
    drop(site);
    std::fs::copy(&backup, &file).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    assert_eq!(site.refresh(&kim.refresh).await.status, 200);
    assert_eq!(site.audit(AuditKind::RefreshFastForward).await.len(), 1);
}

#[tokio::test]
async fn a_token_without_a_child_expires_to_the_second() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    site.pass(REFRESH_TTL - 1);
    assert_eq!(site.refresh(&kim.refresh).await.status, 200);
    site.pass(1);
    site.refresh(&lee.refresh).await.is_problem(401, "refresh_expired");
    site.pass(100 * 86_400);
    site.refresh(&lee.refresh).await.is_problem(401, "refresh_expired");
}

#[tokio::test]
async fn a_head_with_a_child_is_accepted_for_the_window_longer() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    site.pass(REFRESH_TTL - 1);
    let second = site.refresh(&first.refresh).await.pair();
    site.pass(10);
    assert_eq!(site.refresh(&first.refresh).await.pair().refresh, second.refresh);
    site.pass(1);
    site.refresh(&first.refresh).await.is_problem(401, "refresh_expired");
    // Expiry is no theft: the successor goes on.
    assert_eq!(site.refresh(&second.refresh).await.status, 200);
}

#[tokio::test]
async fn a_session_ends_at_its_greatest_age_and_its_tokens_with_it() {
    let site = Site::with(|config| config.session.max_age = Span::seconds(7200)).await;
    let kim = site.signup("kim").await;
    site.pass(5400);
    let answer = site.refresh(&kim.refresh).await;
    assert_eq!(answer.body["expires_in"], 1800);
    assert_eq!(answer.body["refresh_expires_in"], 1800);
    let kim = answer.pair();
    site.pass(1799);
    site.accepts(&kim).await;
    site.pass(1);
    site.get(&kim, "/v1/me").await.is_problem(401, "token_expired");
    site.refresh(&kim.refresh).await.is_problem(401, "refresh_expired");
}

#[tokio::test]
async fn a_refresh_token_of_a_vanished_session_is_invalid() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let file = site.config.database_file();
    drop(site);
    let backup = directory.path().join("backup");
    std::fs::copy(&file, &backup).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let kim = site.signup("kim").await;
    drop(site);
    std::fs::copy(&backup, &file).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    site.refresh(&kim.refresh).await.is_problem(401, "refresh_invalid");
    site.get(&kim, "/v1/me").await.is_problem(401, "token_revoked");
}
