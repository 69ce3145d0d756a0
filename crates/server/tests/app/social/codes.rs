//! Codes that an app exchanges for a token pair.

use std::sync::Arc;

use serde_json::json;
use tokenry_domain::audit::AuditKind;
use tokenry_domain::session::Method;
use tokio::task::JoinSet;

use super::{APP, VERIFIER, kim, person};
use crate::app::harness::{Admin, Anonymous, Answer, Site};

impl Site {
    pub(super) async fn exchange(&self, code: &str, verifier: &str, redirect_uri: &str) -> Answer {
        let body = json!({ "code": code, "code_verifier": verifier, "redirect_uri": redirect_uri });
        self.post(&Anonymous, "/v1/social/token", body).await
    }
}

#[tokio::test]
async fn a_code_is_worth_one_token_pair() {
    let site = Site::social().await;
    let code = site.code(&kim()).await;
    let answer = site.exchange(&code, VERIFIER, APP).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["user"]["email"], "kim@example.com");
    let pair = answer.pair();
    site.accepts(&pair).await;
    let row = site.row(&pair).await;
    assert!(row.method == Method::Token && row.identity.is_some());
    site.exchange(&code, VERIFIER, APP).await.is_problem(400, "code_invalid");
    assert_eq!(site.audit(AuditKind::LoggedIn).await[0].event.detail, json!({ "by": "one" }));
    site.refresh(&pair.refresh).await.pair();
}

/// The token says when, and not that a password was shown.
#[tokio::test]
async fn the_token_claims_no_password() {
    let site = Site::social().await;
    let claims = |token: &str| {
        let payload = token.split('.').nth(1).unwrap();
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let social = claims(&site.enter_app(&kim()).await.access);
    assert!(social["auth_time"].is_i64() && social.get("amr").is_none(), "{social}");
    assert_eq!(claims(&site.signup("lee").await.access)["amr"], json!(["pwd"]));
}

#[tokio::test]
async fn a_wrong_verifier_or_address_spends_the_code() {
    let site = Site::social().await;
    for (verifier, redirect_uri) in
        [("wrong", APP), ("", APP), (VERIFIER, "com.example.app:/other"), (VERIFIER, "https://evil.example/")]
    {
        let code = site.code(&kim()).await;
        site.exchange(&code, verifier, redirect_uri).await.is_problem(400, "code_invalid");
        site.exchange(&code, VERIFIER, APP).await.is_problem(400, "code_invalid");
    }
    for junk in ["", "x", &"a".repeat(43), &"a".repeat(5000)] {
        site.exchange(junk, VERIFIER, APP).await.is_problem(400, "code_invalid");
    }
}

#[tokio::test]
async fn a_code_lasts_a_minute() {
    let site = Site::social().await;
    let (first, second) = (site.code(&kim()).await, site.code(&kim()).await);
    site.pass(59);
    site.exchange(&first, VERIFIER, APP).await.pair();
    site.pass(1);
    site.exchange(&second, VERIFIER, APP).await.is_problem(400, "code_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_exchange_a_code_at_once_one_succeeds() {
    let site = Arc::new(Site::social().await);
    for _ in 0..5 {
        let code = Arc::new(site.code(&kim()).await);
        let mut exchanges = JoinSet::new();
        for _ in 0..50 {
            let (site, code) = (Arc::clone(&site), Arc::clone(&code));
            exchanges.spawn(async move { site.exchange(&code, VERIFIER, APP).await });
        }
        let answers = exchanges.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        answers.iter().filter(|answer| answer.status != 200).for_each(|answer| answer.is_problem(400, "code_invalid"));
    }
}

#[tokio::test]
async fn a_code_is_void_once_the_account_or_the_identity_is_not_what_it_was() {
    let site = Site::social().await;
    let pair = site.enter_app(&kim()).await;
    site.link(&pair, &person("two", "kim", None)).await;
    let (unlinked, disabled) = (site.code(&person("two", "kim", None)).await, site.code(&kim()).await);
    let second = site.identity_at(&pair, "two").await;
    site.delete(&pair, &format!("/v1/me/identities/{second}")).await.is_done();
    site.exchange(&unlinked, VERIFIER, APP).await.is_problem(400, "code_invalid");
    let user = site.caller(&pair).await.user.id;
    site.patch(&Admin, &format!("/v1/admin/users/{user}"), json!({ "status": "disabled" })).await;
    site.exchange(&disabled, VERIFIER, APP).await.is_problem(403, "forbidden");
}
