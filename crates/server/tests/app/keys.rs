//! Key rotation, as clients and services see it.

use std::collections::BTreeSet;
use std::path::Path;

use tokenry::App;
use tokenry::config::Span;
use tokenry_domain::audit::{Actor, AuditKind};
use tokenry_domain::authority::RotateKeys;
use tokenry_domain::keys::{KeyRecord, KeyRing, KeyState, Purpose};
use tokenry_domain::random::System;
use tokenry_domain::revocation::RevocationKind;
use tokenry_domain::seal::MasterKey;
use tokenry_domain::store::Write;
use tokenry_jwt::{JwkSet, KeySet, Unverified, Verifier};

use crate::app::harness::{Anonymous, LoggedIn, PASSWORD, START, Site};

async fn rotate(site: &Site, how: RotateKeys) {
    site.app.authority().rotate(how, Actor::Operator).await.unwrap();
}

async fn published(site: &Site) -> KeySet {
    let answer = site.get(&Anonymous, "/.well-known/jwks.json").await;
    KeySet::from(serde_json::from_value::<JwkSet>(answer.body).unwrap())
}

async fn count(site: &Site) -> usize {
    site.get(&Anonymous, "/.well-known/jwks.json").await.body["keys"].as_array().unwrap().len()
}

fn kid(token: &str) -> String {
    Unverified::parse(token).unwrap().insecure_header()["kid"].as_str().unwrap().to_owned()
}

/// Verifies as a service does that holds this copy of the key set.
fn verifies(token: &str, keys: &KeySet, now: i64) -> bool {
    Verifier::new("http://127.0.0.1:7519", ["http://127.0.0.1:7519"]).verify(token, keys, now).is_ok()
}

#[tokio::test]
async fn keys_rotate_by_themselves_and_no_cached_key_set_fails() {
    let site = Site::with(|config| {
        config.keys.rotation = Span::seconds(7200);
        config.keys.publish_ahead = Span::seconds(600);
    })
    .await;
    let mut kim = site.signup("kim").await;
    let mut kids = BTreeSet::new();
    for step in 1..=100 {
        // A service fetches the keys, and uses them for the five minutes that it may.
        let cached = published(&site).await;
        site.pass(300);
        site.app.authority().rotate_due().await.unwrap();
        site.accepts(&kim).await;
        kim = site.refresh_pair(&kim.refresh, &kim.access).await.pair();
        assert!(verifies(&kim.access, &cached, START + step * 300), "{step}");
        kids.insert(kid(&kim.access));
        assert!(count(&site).await <= 3);
    }
    assert!(kids.len() >= 4, "{kids:?}");
}

#[tokio::test]
async fn a_planned_rotation_publishes_before_it_signs() {
    let site = Site::new().await;
    let before = site.signup("kim").await;
    rotate(&site, RotateKeys::Planned).await;
    assert_eq!(count(&site).await, 2);
    assert_eq!(kid(&site.login("kim").await.access), kid(&before.access));
    site.pass(3599);
    site.app.authority().rotate_due().await.unwrap();
    let last = site.refresh(&before.refresh).await.pair();
    assert_eq!(kid(&last.access), kid(&before.access));
    site.pass(1);
    site.app.authority().rotate_due().await.unwrap();
    let after = site.refresh(&last.refresh).await.pair();
    assert_ne!(kid(&after.access), kid(&before.access));
    site.accepts(&last).await;
    site.accepts(&after).await;
}

#[tokio::test]
async fn a_rotation_now_goes_on_verifying_what_was_signed_before() {
    let site = Site::new().await;
    let before = site.signup("kim").await;
    rotate(&site, RotateKeys::Now).await;
    let after = site.login("kim").await;
    assert_ne!(kid(&after.access), kid(&before.access));
    let keys = published(&site).await;
    for user in [&before, &after] {
        site.accepts(user).await;
        assert!(verifies(&user.access, &keys, START));
    }
    // When the last of the old tokens has expired, the old key goes.
    site.pass(3600 + 121);
    site.app.authority().rotate_due().await.unwrap();
    assert_eq!(count(&site).await, 1);
    assert_eq!(site.refresh_pair(&before.refresh, &before.access).await.status, 200);
    assert!(site.revoked(RevocationKind::Kid).await.is_empty());
}

/// With access tokens that live so many seconds, on a database that outlives it.
async fn with_life(directory: &Path, seconds: u64) -> Site {
    Site::in_directory_with(directory, |config| config.token.access_ttl = Span::seconds(seconds)).await
}

/// Until when the feed carries what it says of this.
async fn until(site: &Site, value: &str) -> i64 {
    let records = site.store().revocations(0, 1000).await.unwrap();
    records.iter().find(|record| record.revocation.value == value).unwrap().revocation.until.seconds()
}

/// How long a token that is issued now lives.
async fn life(site: &Site) -> i64 {
    site.try_login("kim", PASSWORD).await.body["expires_in"].as_i64().unwrap()
}

/// The most leeway, and the repeat window.
const MARGIN: i64 = 60 + 10;

#[tokio::test]
async fn a_restart_with_a_shorter_life_forgets_no_token_that_lives_longer() {
    let directory = tempfile::tempdir().unwrap();
    let site = with_life(directory.path(), 3600).await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    drop(site);
    let site = with_life(directory.path(), 300).await;
    assert_eq!(life(&site).await, 300);
    site.logout(&kim).await.is_done();
    assert_eq!(until(&site, &kim.session).await, START + 3600 + MARGIN);
    rotate(&site, RotateKeys::Now).await;
    for passed in [3599, 3600 + 120] {
        site.pass(passed - (site.app.authority().now().seconds() - START));
        site.app.authority().rotate_due().await.unwrap();
        let keys = published(&site).await;
        assert!(verifies(&lee.access, &keys, START + 3599), "{passed}");
    }
    site.pass(1);
    site.app.authority().rotate_due().await.unwrap();
    assert_eq!(count(&site).await, 1);
}

/// Of keys that leaked, too.
#[tokio::test]
async fn an_emergency_after_a_restart_with_a_shorter_life_is_told_as_long_as_the_old_tokens_live() {
    let directory = tempfile::tempdir().unwrap();
    let kim = with_life(directory.path(), 3600).await.signup("kim").await;
    let site = with_life(directory.path(), 300).await;
    rotate(&site, RotateKeys::Emergency).await;
    assert_eq!(until(&site, &kid(&kim.access)).await, START + 3600 + MARGIN);
}

/// A life that is no longer in force goes with the keys that have signed for it.
#[tokio::test]
async fn the_feed_is_as_short_as_the_keys_allow() {
    let directory = tempfile::tempdir().unwrap();
    let first = with_life(directory.path(), 3600).await.signup("kim").await;
    let site = with_life(directory.path(), 300).await;
    rotate(&site, RotateKeys::Planned).await;
    site.pass(3600);
    site.app.authority().rotate_due().await.unwrap();
    site.pass(3600 + 121);
    site.app.authority().rotate_due().await.unwrap();
    let kim = site.login("kim").await;
    assert_ne!(kid(&kim.access), kid(&first.access));
    site.logout(&kim).await.is_done();
    assert_eq!(until(&site, &kim.session).await, START + 7200 + 121 + 300 + MARGIN);
}

#[tokio::test]
async fn nodes_whose_tokens_live_differently_date_the_feed_by_the_longest() {
    let directory = tempfile::tempdir().unwrap();
    let short = with_life(directory.path(), 300).await;
    short.signup("kim").await;
    assert_eq!(life(&short).await, 300);
    let long = with_life(directory.path(), 3600).await;
    assert_eq!(life(&long).await, 3600);
    short.app.authority().reload_keys().await.unwrap();
    let kim = long.login("kim").await;
    short.logout(&kim).await.is_done();
    assert_eq!(until(&short, &kim.session).await, START + 3600 + MARGIN);
    // A key that signs at once signs for as long as the one before.
    for how in [RotateKeys::Now, RotateKeys::Emergency] {
        rotate(&short, how).await;
        long.app.authority().reload_keys().await.unwrap();
        assert_eq!((life(&long).await, life(&short).await), (3600, 300), "{how:?}");
    }
}

/// The key was made by a node whose tokens live shorter, and signs before this one has looked at it.
#[tokio::test]
async fn no_token_lives_longer_than_its_key_says() {
    let directory = tempfile::tempdir().unwrap();
    let long = with_life(directory.path(), 3600).await;
    let short = with_life(directory.path(), 300).await;
    let kim = long.signup("kim").await;
    rotate(&short, RotateKeys::Planned).await;
    for site in [&long, &short] {
        site.pass(3600);
    }
    short.app.authority().rotate_due().await.unwrap();
    long.app.authority().reload_keys().await.unwrap();
    assert_eq!(life(&long).await, 300);
    long.app.authority().rotate_due().await.unwrap();
    assert_eq!(life(&long).await, 3600);
    assert_ne!(kid(&long.login("kim").await.access), kid(&kim.access));
    assert_eq!(long.audit(AuditKind::KeyExtended).await.len(), 1);
}

#[tokio::test]
async fn an_emergency_refuses_the_old_key_tells_the_feed_and_ends_no_session() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    rotate(&site, RotateKeys::Emergency).await;
    site.get(&kim, "/v1/me").await.is_problem(401, "token_invalid");
    assert_eq!(site.revoked(RevocationKind::Kid).await, [kid(&kim.access)]);
    assert_eq!(site.audit(AuditKind::KeyRevoked).await.len(), 1);
    assert_eq!(count(&site).await, 1);
    assert!(!verifies(&kim.access, &published(&site).await, START));
    let kim = site.refresh_pair(&kim.refresh, &kim.access).await.pair();
    site.accepts(&kim).await;
    assert!(site.revoked(RevocationKind::Sid).await.is_empty());
}

/// Whichever of them leaked, and whoever rotated in between: a key that stepped down a moment ago still verifies.
#[tokio::test]
async fn an_emergency_refuses_every_key_that_has_signed_until_then() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    rotate(&site, RotateKeys::Now).await;
    let second = site.login("kim").await;
    rotate(&site, RotateKeys::Emergency).await;
    let mut refused = [kid(&first.access), kid(&second.access)];
    refused.sort_unstable();
    let mut revoked = site.revoked(RevocationKind::Kid).await;
    revoked.sort_unstable();
    assert_eq!(revoked, refused);
    for user in [&first, &second] {
        site.get(user, "/v1/me").await.is_problem(401, "token_invalid");
        let next = site.refresh_pair(&user.refresh, &user.access).await.pair();
        site.accepts(&next).await;
    }
    assert_eq!(count(&site).await, 1);
}

/// Operators who start it at once, beside a server that rotates by itself: each is answered when it is done, and one key
/// of each purpose goes on signing.
#[tokio::test(flavor = "multi_thread")]
async fn emergencies_at_once_leave_a_key_that_signs() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let beside = Site::in_directory(directory.path(), None).await;
    site.signup("kim").await;
    for round in 0..10 {
        let before = site.login("kim").await;
        rotate(&site, RotateKeys::Planned).await;
        site.pass(3600);
        let (one, other) = (site.app.authority(), beside.app.authority());
        let (first, second, due) = tokio::join!(
            one.rotate(RotateKeys::Emergency, Actor::Operator),
            other.rotate(RotateKeys::Emergency, Actor::Operator),
            one.rotate_due(),
        );
        for done in [&first, &second] {
            let done = done.as_ref().unwrap();
            assert_eq!(done.iter().filter(|change| change.kind == AuditKind::KeyActivated).count(), 1, "{round}");
        }
        due.unwrap();
        assert!(site.revoked(RevocationKind::Kid).await.contains(&kid(&before.access)), "{round}");
        let keys = one.list_keys().await.unwrap();
        for purpose in Purpose::ALL {
            let signs = |key: &&KeyRecord| key.purpose == purpose && key.state == KeyState::Signing;
            assert_eq!(keys.iter().filter(signs).count(), 1, "{round}");
        }
        one.reload_keys().await.unwrap();
        site.accepts(&site.login("kim").await).await;
    }
}

/// As an older program could leave it when it was killed: the next start, and a running server, take up what there is.
#[tokio::test]
async fn without_a_key_that_signs_one_takes_over() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    site.signup("kim").await;
    for with_successor in [true, false] {
        let kim = site.login("kim").await;
        if with_successor {
            rotate(&site, RotateKeys::Planned).await;
        }
        let keys = site.app.authority().list_keys().await.unwrap();
        let signing = keys.into_iter().find(|key| key.kid == kid(&kim.access)).unwrap();
        let gone = KeyRecord { state: KeyState::Gone, private: None, ..signing };
        site.store().commit(vec![Write::UpdateKey(gone)]).await.unwrap();
        site.app.authority().rotate_due().await.unwrap();
        let next = site.login("kim").await;
        assert_ne!(kid(&next.access), kid(&kim.access));
        site.accepts(&next).await;
        let restarted = Site::in_directory(directory.path(), None).await;
        restarted.accepts(&next).await;
    }
}

/// Before it has heard of it, a node is shown what a key has signed that another has just made.
#[tokio::test]
async fn a_token_of_a_key_that_another_node_has_just_made_is_good_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let beside = Site::in_directory(directory.path(), None).await;
    let mut user = site.signup("kim").await;
    for how in [RotateKeys::Refresh, RotateKeys::Now, RotateKeys::Emergency] {
        rotate(&site, how).await;
        user = site.refresh_pair(&user.refresh, &user.access).await.pair();
        beside.accepts(&user).await;
        rotate(&beside, how).await;
        user = beside.refresh_pair(&user.refresh, &user.access).await.pair();
        user = site.refresh_pair(&user.refresh, &user.access).await.pair();
        let introspected = beside.app.authority().introspect(&user.refresh).await.unwrap();
        assert!(introspected.is_active(), "{how:?}");
    }
    rotate(&site, RotateKeys::Refresh).await;
    let next = site.refresh(&user.refresh).await.pair();
    beside.logout(&next).await.is_done();
}

/// A key that a server seals under the old master key while the others are sealed anew could never be opened again.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_made_while_the_master_key_changes_opens_with_the_others() {
    let new = MasterKey::generate(&System::new()).unwrap();
    for round in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let site = Site::in_directory(directory.path(), None).await;
        let beside = Site::in_directory(directory.path(), None).await;
        let (rotated, resealed) = tokio::join!(
            site.app.authority().rotate(RotateKeys::Planned, Actor::Operator),
            beside.app.authority().rekey(&new, Actor::Operator),
        );
        resealed.unwrap();
        let keys = site.app.authority().list_keys().await.unwrap();
        assert!(KeyRing::check(&keys, &new).is_ok(), "{round}: {rotated:?}");
    }
}

#[tokio::test]
async fn another_refresh_key_ends_no_session() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    rotate(&site, RotateKeys::Refresh).await;
    let second = site.refresh(&first.refresh).await.pair();
    assert_ne!(kid(&second.refresh), kid(&first.refresh));
    // A repeat has other bytes and is the same token.
    rotate(&site, RotateKeys::Refresh).await;
    let again = site.refresh(&first.refresh).await.pair();
    assert_ne!(again.refresh, second.refresh);
    let third = site.refresh(&again.refresh).await.pair();
    assert_eq!(site.refresh(&second.refresh).await.pair().refresh, third.refresh);
}

#[tokio::test]
async fn a_rotation_beside_the_running_server_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let beside = Site::in_directory(directory.path(), None).await;
    let before: LoggedIn = site.signup("kim").await;
    rotate(&beside, RotateKeys::Now).await;
    let foreign = beside.login("kim").await;
    assert!(site.app.authority().reload_keys().await.unwrap());
    assert!(!site.app.authority().reload_keys().await.unwrap());
    site.accepts(&before).await;
    site.accepts(&foreign).await;
}

#[tokio::test]
async fn keys_that_can_not_be_opened_stop_the_start_and_stay() {
    let site = Site::new().await;
    let file = site.directory().join("master.key");
    let key = std::fs::read(&file).unwrap();
    let kim = site.signup("kim").await;
    let start = async || App::open(site.config.clone(), site.config.listen.0).await;
    std::fs::remove_file(&file).unwrap();
    let error = start().await.err().unwrap().to_string();
    assert!(error.contains("master.key"), "{error}");
    assert!(!file.exists());
    for wrong in ["A".repeat(43), "nonsense".to_owned(), String::new()] {
        std::fs::write(&file, &wrong).unwrap();
        let error = start().await.err().unwrap().to_string();
        assert!(!error.is_empty() && (wrong.is_empty() || !error.contains(&wrong)), "{error}");
    }
    assert_eq!(site.app.authority().list_keys().await.unwrap().len(), Purpose::ALL.len());
    std::fs::write(&file, key).unwrap();
    start().await.unwrap();
    site.accepts(&kim).await;
}
