//! What follows when a provider tells that someone has withdrawn their consent, or is gone.

use tokenry_domain::audit::AuditKind;
use tokenry_domain::authority::Context;
use tokenry_domain::identity::{Person, Profile};

use super::{kim, person};
use crate::app::harness::{Anonymous, Site};

impl Site {
    async fn withdraw(&self, profile: &Profile, is_gone: bool) {
        let person = Person { issuer: profile.issuer.clone(), subject: profile.subject.clone() };
        self.app.authority().withdraw(&person, is_gone, &Context::default()).await.unwrap();
    }
}

#[tokio::test]
async fn who_withdraws_is_logged_out_and_comes_back_as_the_same_user() {
    let site = Site::social().await;
    let (entered, pair) = (site.enter(&kim()).await, site.enter_app(&kim()).await);
    site.withdraw(&kim(), false).await;
    assert!(!site.is_alive(&entered).await);
    site.has_ended(&pair, "logout").await;
    assert_eq!(site.enter(&kim()).await.user.id, entered.user.id);
    let told = site.audit(AuditKind::IdentityWithdrawn).await;
    assert_eq!(told[0].event.detail, serde_json::json!({ "by": "one", "unlinked": false }));
}

#[tokio::test]
async fn only_the_sessions_that_began_with_the_identity_end() {
    let site = Site::social().await;
    let pair = site.signup("kim").await;
    site.link(&pair, &kim()).await;
    site.link(&pair, &person("two", "kim", None)).await;
    let (one, two) = (site.enter_app(&kim()).await, site.enter_app(&person("two", "kim", None)).await);
    site.withdraw(&kim(), false).await;
    site.has_ended(&one, "logout").await;
    site.accepts(&two).await;
    site.accepts(&pair).await;
}

#[tokio::test]
async fn who_is_gone_is_unlinked_unless_it_is_the_last_way_in() {
    let site = Site::social().await;
    let pair = site.signup("kim").await;
    site.link(&pair, &kim()).await;
    let user = site.caller(&pair).await.user;
    site.withdraw(&kim(), true).await;
    assert!(site.linked(&user).await.is_empty());
    let nameless = person("one", "nameless", None);
    let only = site.enter(&nameless).await;
    site.withdraw(&nameless, true).await;
    assert!(!site.is_alive(&only).await);
    assert_eq!(site.linked(&only.user).await, ["one"]);
}

#[tokio::test]
async fn who_is_unknown_is_no_error() {
    let site = Site::social().await;
    site.withdraw(&kim(), true).await;
    assert!(site.audit(AuditKind::IdentityWithdrawn).await.is_empty());
}

#[tokio::test]
async fn a_notice_for_a_provider_that_is_not_there_is_not_found() {
    let site = Site::social().await;
    for method in [axum::http::Method::POST, axum::http::Method::GET] {
        site.call(&Anonymous, method, "/social/nobody/notice", None).await.is_problem(404, "not_found");
    }
}
