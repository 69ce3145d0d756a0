//! Who someone is that comes from a provider.

use std::sync::Arc;

use serde_json::json;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::authority::{Arrived, Context, Granted, LoggedIn, SignupMode};
use tokenry_domain::error::Error;
use tokenry_domain::identity::Profile;
use tokenry_domain::name::{Email, Username};
use tokenry_domain::pending::Way;
use tokio::task::JoinSet;

use super::{APP, VERIFIER, kim, person, providers, told};
use crate::app::harness::{Admin, Anonymous, PASSWORD, Site};

#[tokio::test]
async fn a_stranger_gets_an_account_with_the_address_that_the_provider_has_verified() {
    let site = Site::social().await;
    let done = site.enter(&kim()).await;
    assert_eq!(done.user.email.as_ref().map(Email::display), Some("kim@example.com"));
    assert!(done.user.email_verified && done.user.username.is_none() && done.user.password.is_none());
    assert!(site.is_alive(&done).await);
    let made = site.audit(AuditKind::UserCreated).await;
    assert_eq!(made[0].event.detail, json!({ "by": "one", "label": "kim@example.com" }));
    assert_eq!(site.audit(AuditKind::LoggedIn).await[0].event.detail, json!({ "by": "one" }));
    assert_eq!(site.mails().await.len(), 0, "nothing is left to verify");
}

#[tokio::test]
async fn whoever_comes_again_is_the_same_user_whatever_their_address_is_now() {
    let site = Site::social().await;
    let first = site.enter(&kim()).await;
    let lee = site.enter(&person("one", "lee", Some(("lee@example.com", true)))).await;
    for email in [None, Some(("new@example.com", true)), Some(("lee@example.com", true)), Some(("x@y.example", false))]
    {
        let again = site.enter(&person("one", "kim", email)).await;
        assert_eq!(again.user.id, first.user.id);
        assert_eq!(again.user.email.as_ref().map(Email::display), Some("kim@example.com"), "it changes nothing here");
    }
    assert_ne!(first.user.id, lee.user.id);
}

/// The same subject of another issuer is another person.
#[tokio::test]
async fn a_subject_alone_is_no_one() {
    let site = Site::social().await;
    let one = site.enter(&person("one", "7", None)).await;
    let two = site.enter(&person("two", "7", None)).await;
    assert_ne!(one.user.id, two.user.id);
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_is_verified_by_mail() {
    let site = Site::social().await;
    let done = site.enter(&person("one", "kim", Some(("kim@example.com", false)))).await;
    assert!(!done.user.email_verified && done.user.username.is_none());
    let mails = site.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "kim@example.com"));
    let body = json!({ "token": mails[0].token() });
    site.post(&Anonymous, "/v1/email/verification/confirm", body).await.is_done();
}

#[tokio::test]
async fn without_a_free_address_a_readable_name_is_made_up() {
    let site = Site::social().await;
    let holder = site.enter(&kim()).await;
    let taken = site.enter(&person("two", "other", Some(("kim@example.com", false)))).await;
    let nameless = site.enter(&person("two", "nameless", None)).await;
    for done in [&taken, &nameless] {
        let username = done.user.username.as_ref().map(Username::display).unwrap();
        assert!(username.starts_with("two-") && username.len() == 12, "{username}");
        assert!(done.user.email.is_none() && done.user.id != holder.user.id);
    }
    assert_ne!(taken.user.username, nameless.user.username);
}

#[tokio::test]
async fn a_disabled_account_stays_closed() {
    let site = Site::social().await;
    let done = site.enter(&kim()).await;
    let path = format!("/v1/admin/users/{}", done.user.id);
    assert_eq!(site.patch(&Admin, &path, json!({ "status": "disabled" })).await.status, 200);
    let again = site.arrive(&kim()).await;
    assert!(matches!(again, Err(Error::Disabled)), "{}", told(&again));
    // Nor does its address open it, whether it was verified or not.
    let user = json!({ "email": "lee@example.com" });
    let lee = site.post(&Admin, "/v1/admin/users", user).await.body["id"].as_str().unwrap().to_owned();
    site.patch(&Admin, &format!("/v1/admin/users/{lee}"), json!({ "status": "disabled" })).await;
    let arrival = site.arrive(&person("one", "lee", Some(("lee@example.com", true)))).await;
    assert!(matches!(arrival, Err(Error::Disabled)), "{}", told(&arrival));
}

#[tokio::test]
async fn where_sign_up_is_closed_only_users_come_in() {
    let site = Site::with(|config| {
        providers(config);
        config.signup.mode = serde_json::from_str("\"closed\"").unwrap();
    })
    .await;
    assert_eq!(site.app.authority().settings().signup, SignupMode::Closed);
    let refused = site.arrive(&kim()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{}", told(&refused));
    let user = json!({ "email": "kim@example.com", "password": PASSWORD });
    let id = site.post(&Admin, "/v1/admin/users", user).await.body["id"].as_str().unwrap().to_owned();
    site.patch(&Admin, &format!("/v1/admin/users/{id}"), json!({ "email_verified": true })).await;
    let kim = site.login("kim@example.com").await;
    site.link(&kim, &super::kim()).await;
    assert_eq!(site.enter(&super::kim()).await.user.id.to_string(), id);
}

#[tokio::test]
async fn where_sign_up_is_for_some_domains_the_provider_must_have_verified_it() {
    let site = Site::with(|config| {
        providers(config);
        config.signup.mode = serde_json::from_str("\"example.com\"").unwrap();
    })
    .await;
    for email in [None, Some(("kim@example.com", false)), Some(("kim@other.example", true))] {
        let refused = site.arrive(&person("one", "kim", email)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{}", told(&refused));
    }
    site.enter(&kim()).await;
}

#[tokio::test]
async fn a_profile_that_names_no_one_is_refused() {
    let site = Site::social().await;
    for subject in ["", "a\0b", &"a".repeat(256)] {
        let profile = Profile { subject: subject.to_owned(), ..kim() };
        assert!(matches!(site.arrive(&profile).await, Err(Error::Forbidden(_))), "{subject:?}");
    }
}

/// Whoever comes many times at once, from nowhere, is one user with one account.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_first_arrivals_of_one_person_make_one_account() {
    let site = std::sync::Arc::new(Site::social().await);
    let mut arrivals = JoinSet::new();
    for _ in 0..20 {
        let site = std::sync::Arc::clone(&site);
        arrivals.spawn(async move { site.enter(&kim()).await.user.id });
    }
    let mut users = arrivals.join_all().await;
    users.sort();
    users.dedup();
    assert_eq!(users.len(), 1);
    assert_eq!(site.audit(AuditKind::UserCreated).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_come_back_with_one_state_at_once_one_succeeds() {
    let site = std::sync::Arc::new(Site::social().await);
    let context = Context::default();
    let departure = site.app.authority().depart("one", Way::default(), None, &context).await.unwrap();
    let departure = std::sync::Arc::new(departure);
    let mut returns = JoinSet::new();
    for _ in 0..50 {
        let (site, departure) = (std::sync::Arc::clone(&site), std::sync::Arc::clone(&departure));
        returns.spawn(async move {
            let context = Context::default();
            site.app.authority().come_back("one", &departure.state, &departure.verifier, &context).await
        });
    }
    let outcomes = returns.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::StateInvalid))).count();
    assert_eq!(refused, 49);
}

#[tokio::test]
async fn an_attempt_is_for_one_browser_one_provider_and_ten_minutes() {
    let site = Site::social().await;
    let (authority, context) = (site.app.authority(), Context::default());
    let departure = authority.depart("one", Way::default(), None, &context).await.unwrap();
    let other = authority.depart("one", Way::default(), None, &context).await.unwrap();
    for (provider, state, verifier) in [
        ("two", &departure.state, &departure.verifier),
        ("one", &departure.state, &other.verifier),
        ("one", &other.state, &departure.verifier),
        ("one", &departure.verifier, &departure.verifier),
    ] {
        let outcome = authority.come_back(provider, state, verifier, &context).await;
        assert!(matches!(outcome, Err(Error::StateInvalid)), "{outcome:?}");
    }
    site.pass(599);
    authority.come_back("one", &departure.state, &departure.verifier, &context).await.unwrap();
    site.pass(1);
    let late = authority.come_back("one", &other.state, &other.verifier, &context).await;
    assert!(matches!(late, Err(Error::StateInvalid)), "{late:?}");
}

/// Neither the state nor the verifier can be had from the database.
#[tokio::test]
async fn the_database_holds_no_secret_of_a_browser() {
    let site = Site::social().await;
    let departure = site.app.authority().depart("one", Way::default(), None, &Context::default()).await.unwrap();
    let Ok(Arrived::Code { code, .. }) = site.arrive_by(&kim(), super::for_app(), None).await else { panic!() };
    let files = ["tokenry.db", "tokenry.db-wal"].map(|name| std::fs::read(site.directory().join(name)).unwrap());
    let is_there = |text: &str| files.iter().any(|file| file.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(is_there(&departure.challenge), "what can be there is found");
    for secret in [&departure.state, &departure.verifier, &code] {
        assert!(!is_there(secret));
    }
}

/// By the identity, by an app's code and by a link.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ways_in_that_race_leave_as_many_sessions_as_a_user_may_have() {
    let limited = Site::with(|config| {
        providers(config);
        config.session.per_user = 3;
    });
    let site = Arc::new(limited.await);
    let first = site.enter(&kim()).await;
    let id = first.user.id.to_string();
    site.takes_millis(1);
    let session_of = |entered: &LoggedIn| match &entered.granted {
        Granted::Cookie(_, session) => session.id.to_string(),
        Granted::Tokens(pair) => pair.session.to_string(),
    };
    let mut begun = vec![session_of(&first)];
    for _ in 0..3 {
        let mut arrivals = JoinSet::new();
        for _ in 0..8 {
            let (arriving, exchanging, code) = (Arc::clone(&site), Arc::clone(&site), site.code(&kim()).await);
            arrivals.spawn(async move { session_of(&arriving.enter(&kim()).await) });
            arrivals.spawn(async move { exchanging.exchange(&code, VERIFIER, APP).await.pair().session });
        }
        site.post(&Anonymous, "/v1/login/link", json!({ "email": "kim@example.com" })).await;
        let (mail, following) = (site.mails().await.swap_remove(0), Arc::clone(&site));
        arrivals.spawn(async move {
            let body = json!({ "token": mail.token() });
            following.post(&Anonymous, "/v1/login/link/confirm", body).await.pair().session
        });
        begun.extend(arrivals.join_all().await);
        site.has_only_the_newest(&id, &begun, 3).await;
    }
}
