//! Linking identities to an account, listing and unlinking them.

use std::sync::Arc;

use serde_json::json;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::authority::{Arrived, Context};
use tokenry_domain::error::Error;
use tokenry_domain::pending::Way;
use tokio::task::JoinSet;

use super::{kim, person, told};
use crate::app::harness::{Anonymous, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

impl Site {
    /// The identifiers of the caller's identities.
    async fn identities(&self, user: &LoggedIn) -> Vec<String> {
        let answer = self.get(user, "/v1/me/identities").await;
        let identities = answer.body["identities"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        identities.iter().map(|identity| identity["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The identifier of the caller's identity at a provider.
    pub(super) async fn identity_at(&self, user: &LoggedIn, provider: &str) -> String {
        let answer = self.get(user, "/v1/me/identities").await;
        let mut identities = answer.body["identities"].as_array().unwrap().iter();
        let found = identities.find(|identity| identity["provider"] == provider);
        found.unwrap_or_else(|| panic!("{answer:?}"))["id"].as_str().unwrap().to_owned()
    }

    async fn unlink(&self, user: &LoggedIn, id: &str) -> crate::app::harness::Answer {
        self.delete(user, &format!("/v1/me/identities/{id}")).await
    }
}

#[tokio::test]
async fn an_identity_is_linked_listed_and_unlinked() {
    let site = Site::social().await;
    let pair = site.signup("kim").await;
    site.link(&pair, &kim()).await;
    let listed = site.get(&pair, "/v1/me/identities").await.body["identities"][0].clone();
    assert_eq!(listed["provider"], "one");
    assert_eq!(listed["label"], "kim@example.com");
    assert_eq!((&listed["issuer"], &listed["subject"]), (&json!("https://one.example"), &json!("kim")));
    let entered = site.enter(&kim()).await;
    assert_eq!(entered.user.id, site.caller(&pair).await.user.id);
    let id = listed["id"].as_str().unwrap();
    site.unlink(&pair, id).await.is_done();
    assert!(!site.is_alive(&entered).await, "what began with it ends");
    site.accepts(&pair).await;
    site.unlink(&pair, id).await.is_problem(404, "not_found");
    site.unlink(&pair, "x").await.is_problem(404, "not_found");
    assert_ne!(site.enter(&kim()).await.user.id, entered.user.id, "a stranger from now on");
    for kind in [AuditKind::IdentityLinked, AuditKind::IdentityUnlinked] {
        assert_eq!(site.audit(kind).await[0].event.detail["by"], "one");
    }
}

#[tokio::test]
async fn another_users_identities_are_no_ones_business() {
    let site = Site::social().await;
    let (kim_, lee) = (site.signup("kim").await, site.signup("lee").await);
    site.link(&kim_, &kim()).await;
    let id = &site.identities(&kim_).await[0];
    assert!(site.identities(&lee).await.is_empty());
    site.unlink(&lee, id).await.is_problem(404, "not_found");
    assert_eq!(site.identities(&kim_).await.len(), 1);
}

#[tokio::test]
async fn an_identity_of_another_account_is_refused_and_stays_there() {
    let site = Site::social().await;
    let holder = site.enter(&kim()).await;
    let lee = site.signup("lee").await;
    let lee = site.caller(&lee).await;
    let refused = site.arrive_by(&kim(), Way::default(), Some(&lee.user)).await;
    assert!(matches!(refused, Err(Error::IdentityTaken)), "{}", told(&refused));
    assert_eq!(site.linked(&holder.user).await, ["one"]);
    // Linked elsewhere while the offer was open.
    let (person, other) = (person("two", "x", None), site.signup("other").await);
    let secret = site.offered(&person, Some(&lee.user)).await;
    site.link(&other, &person).await;
    let late = site.app.authority().accept_offer(&secret, &lee, &Context::default()).await;
    assert!(matches!(late, Err(Error::IdentityTaken)));
}

#[tokio::test]
async fn what_is_linked_already_needs_no_offer() {
    let site = Site::social().await;
    let pair = site.signup("kim").await;
    site.link(&pair, &kim()).await;
    let caller = site.caller(&pair).await;
    let again = site.arrive_by(&kim(), Way::default(), Some(&caller.user)).await;
    assert!(matches!(again, Ok(Arrived::LinkedBefore)), "{}", told(&again));
}

/// The same verified address on both sides: the account's owner is asked, and has to be logged in.
#[tokio::test]
async fn a_verified_address_is_an_offer_to_the_account_and_to_no_one_else() {
    let site = Site::social().await;
    let owner = site.enter(&kim()).await;
    let second = person("two", "second", Some(("KIM@example.com", true)));
    let secret = site.offered(&second, None).await;
    assert_eq!(site.linked(&owner.user).await, ["one"], "nothing is linked by it");
    let (authority, context) = (site.app.authority(), Context::default());
    let stranger = site.signup("stranger").await;
    let stranger = site.caller(&stranger).await;
    let refused = authority.accept_offer(&secret, &stranger, &context).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    assert_eq!(authority.read_offer(&secret, &context).await.unwrap().user, owner.user.id, "it waits for its owner");
    let own = site.enter_app(&kim()).await;
    let own = site.caller(&own).await;
    authority.accept_offer(&secret, &own, &context).await.unwrap();
    assert_eq!(site.enter(&second).await.user.id, owner.user.id);
    assert!(matches!(authority.accept_offer(&secret, &own, &context).await, Err(Error::LinkUsed)));
    let told = site.mails().await.into_iter().next().unwrap();
    assert_eq!((told.subject.as_str(), told.to.as_str()), ("A new way to log in to your account", "kim@example.com"));
}

#[tokio::test]
async fn an_offer_is_open_for_ten_minutes() {
    let site = Site::social().await;
    let pair = site.signup("kim").await;
    let caller = site.caller(&pair).await;
    let secret = site.offered(&kim(), Some(&caller.user)).await;
    let (authority, context) = (site.app.authority(), Context::default());
    site.pass(599);
    authority.read_offer(&secret, &context).await.unwrap();
    site.pass(1);
    assert!(matches!(authority.accept_offer(&secret, &caller, &context).await, Err(Error::LinkUsed)));
    // A state or a code is no offer.
    let departure = authority.depart("one", Way::default(), None, &context).await.unwrap();
    assert!(matches!(authority.read_offer(&departure.state, &context).await, Err(Error::LinkUsed)));
}

#[tokio::test]
async fn of_twenty_who_accept_an_offer_at_once_one_succeeds() {
    let site = Arc::new(Site::social().await);
    let pair = site.signup("kim").await;
    let user = site.caller(&pair).await.user;
    let secret = Arc::new(site.offered(&kim(), Some(&user)).await);
    let mut accepts = JoinSet::new();
    for _ in 0..20 {
        let (site, secret, pair) = (Arc::clone(&site), Arc::clone(&secret), pair.clone());
        accepts.spawn(async move {
            let caller = site.caller(&pair).await;
            site.app.authority().accept_offer(&secret, &caller, &Context::default()).await.is_ok()
        });
    }
    assert_eq!(accepts.join_all().await.into_iter().filter(|done| *done).count(), 1);
    assert_eq!(site.linked(&user).await, ["one"]);
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let site = Site::social().await;
    // Neither password nor address: the identity is all there is.
    let pair = site.enter_app(&person("one", "nameless", None)).await;
    let first = site.identities(&pair).await.remove(0);
    site.unlink(&pair, &first).await.is_problem(409, "last_way_in");
    site.link(&pair, &person("two", "nameless", None)).await;
    site.unlink(&pair, &first).await.is_done();
    let second = site.identities(&pair).await.remove(0);
    site.unlink(&pair, &second).await.is_problem(409, "last_way_in");
    let set = json!({ "new_password": OTHER_PASSWORD });
    site.post(&pair, "/v1/password", set).await.is_done();
    site.unlink(&pair, &second).await.is_done();
    // A verified address is a way in: a link is sent there.
    let pair = site.enter_app(&kim()).await;
    let only = site.identities(&pair).await.remove(0);
    site.unlink(&pair, &only).await.is_done();
    site.patch(&pair, "/v1/me", json!({ "username": "kim", "email": null })).await.is_invalid_at("/email");
    assert_eq!(site.patch(&pair, "/v1/me", json!({ "username": "kim" })).await.status, 200);
}

/// A provider that is configured no longer opens nothing.
#[tokio::test]
async fn an_identity_of_a_provider_that_is_gone_is_no_way_in() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory_with(directory.path(), super::providers).await;
    let pair = site.enter_app(&person("one", "nameless", None)).await;
    site.link(&pair, &person("two", "nameless", None)).await;
    drop(site);
    let site = Site::in_directory_with(directory.path(), |config| {
        super::providers(config);
        config.social.remove("two");
    })
    .await;
    site.unlink(&pair, &site.identity_at(&pair, "one").await).await.is_problem(409, "last_way_in");
    site.unlink(&pair, &site.identity_at(&pair, "two").await).await.is_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_unlink_the_last_two_at_once_leave_one() {
    let site = Arc::new(Site::social().await);
    for round in 0..20 {
        let subject = format!("nameless{round}");
        let pair = site.enter_app(&person("one", &subject, None)).await;
        site.link(&pair, &person("two", &subject, None)).await;
        let mut unlinks = JoinSet::new();
        for id in site.identities(&pair).await {
            let (site, pair) = (Arc::clone(&site), pair.clone());
            unlinks.spawn(async move { site.unlink(&pair, &id).await.status });
        }
        let mut statuses = unlinks.join_all().await;
        statuses.sort();
        assert_eq!(statuses, [204, 409]);
        assert_eq!(site.identities(&pair).await.len(), 1);
    }
}

/// Without a password, a fresh log-in is what confirms.
#[tokio::test]
async fn an_account_without_a_password_is_confirmed_by_a_fresh_log_in() {
    let site = Site::social().await;
    let pair = site.enter_app(&kim()).await;
    let set = json!({ "new_password": PASSWORD });
    site.pass(600);
    site.post(&pair, "/v1/password", set.clone()).await.is_problem(403, "login_too_old");
    let delete = json!({});
    site.call(&pair, axum::http::Method::DELETE, "/v1/me", Some(delete.clone())).await.is_problem(403, "login_too_old");
    let change = json!({ "new_email": "new@example.com" });
    site.post(&pair, "/v1/email/change", change.clone()).await.is_problem(403, "login_too_old");
    let fresh = site.enter_app(&kim()).await;
    site.pass(599);
    assert_eq!(site.post(&fresh, "/v1/email/change", change).await.status, 202);
    site.post(&fresh, "/v1/password", set.clone()).await.is_done();
    // From now on there is one, and it is asked for.
    site.post(&fresh, "/v1/password", set).await.is_invalid_at("/current_password");
    site.try_login("kim@example.com", PASSWORD).await.pair();
    let lee = site.enter_app(&person("one", "lee", None)).await;
    site.call(&lee, axum::http::Method::DELETE, "/v1/me", Some(delete)).await.is_done();
    assert_eq!(site.get(&lee, "/v1/me").await.status, 401);
}

#[tokio::test]
async fn a_deleted_account_frees_its_identities() {
    let site = Site::social().await;
    let pair = site.enter_app(&kim()).await;
    let first = site.caller(&pair).await.user.id;
    site.call(&pair, axum::http::Method::DELETE, "/v1/me", Some(json!({}))).await.is_done();
    assert_ne!(site.enter(&kim()).await.user.id, first);
}

/// An intruder who links an identity of their own loses it with the link in the mail that tells of it.
#[tokio::test]
async fn this_was_not_me_unlinks_what_was_linked_since() {
    let site = Site::social().await;
    let owner = site.enter_app(&kim()).await;
    site.pass(60);
    site.link(&owner, &person("two", "intruder", None)).await;
    let notice = site.mails().await.into_iter().find(|mail| mail.subject.contains("A new way")).unwrap();
    let intruder = site.enter(&person("two", "intruder", None)).await;
    site.post(&Anonymous, "/v1/not-me", json!({ "token": notice.token() })).await.is_done();
    assert!(!site.is_alive(&intruder).await);
    assert_eq!(site.linked(&intruder.user).await, ["one"]);
    assert_ne!(site.enter(&person("two", "intruder", None)).await.user.id, intruder.user.id);
    assert_eq!(site.enter(&kim()).await.user.id, intruder.user.id);
}

/// Whoever confirms the address in the browser in which they came keeps the way by which they came.
#[tokio::test]
async fn a_verification_keeps_the_identity_of_the_session_that_brings_it() {
    let site = Site::social().await;
    let unverified = person("one", "kim", Some(("kim@example.com", false)));
    let pair = site.enter_app(&unverified).await;
    let user = site.caller(&pair).await.user;
    site.link(&pair, &person("two", "other", None)).await;
    let verification = site.mails().await.into_iter().find(|mail| mail.subject.contains("Confirm")).unwrap();
    let body = json!({ "token": verification.token() });
    site.post(&pair, "/v1/email/verification/confirm", body).await.is_done();
    assert_eq!(site.linked(&user).await, ["one"]);
    site.accepts(&pair).await;
}
