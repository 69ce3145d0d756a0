//! The five attacks that prepare an account before its victim makes one (Sudhodanan and Paverd, "Pre-hijacked Accounts",
//! USENIX Security 2022).

use serde_json::json;
use tokenry_domain::name::Email;

use super::{VERIFIER, kim, person};
use crate::app::harness::{Anonymous, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

const VICTIM: &str = "kim@example.com";

impl Site {
    /// The attacker's account with the victim's address.
    async fn prepare(&self) -> LoggedIn {
        self.post(&Anonymous, "/v1/signup", json!({ "email": VICTIM, "password": PASSWORD })).await.pair()
    }

    /// The victim asks for a new password, with the link in the mail.
    async fn recover(&self) {
        self.post(&Anonymous, "/v1/password/reset", json!({ "email": VICTIM })).await;
        let mail = self.mails().await.into_iter().next().unwrap();
        let body = json!({ "token": mail.token(), "new_password": OTHER_PASSWORD });
        self.post(&Anonymous, "/v1/password/reset/confirm", body).await.is_done();
    }
}

/// The attacker signs up with a password, the victim comes by a provider, and both use one account.
#[tokio::test]
async fn classic_federated_merge() {
    let site = Site::social().await;
    let attacker = site.prepare().await;
    let account = site.caller(&attacker).await.user.id;
    let victim = site.enter(&kim()).await;
    assert_eq!(victim.user.id, account, "the address's owner takes it over");
    assert!(victim.user.email_verified);
    site.try_login(VICTIM, PASSWORD).await.is_problem(401, "invalid_credentials");
    site.has_ended(&attacker, "logout").await;
    assert_eq!(site.linked(&victim.user).await, ["one"]);
    // An account that was verified is no one's to take: its owner is asked.
    let owner = person("two", "other", Some((VICTIM, true)));
    let secret = site.offered(&owner, None).await;
    assert!(site.is_alive(&victim).await && site.linked(&victim.user).await == ["one"]);
    let stranger = site.signup("stranger").await;
    let stranger = site.caller(&stranger).await;
    let accepted = site.app.authority().accept_offer(&secret, &stranger, &Default::default()).await;
    assert!(matches!(accepted, Err(tokenry_domain::Error::Forbidden(_))));
}

/// The attacker keeps a session alive that began before the victim's first use.
#[tokio::test]
async fn unexpired_session_identifier() {
    for by_provider in [true, false] {
        let site = Site::social().await;
        let attacker = site.prepare().await;
        let second = site.login(VICTIM).await;
        let reason = if by_provider { "logout" } else { "password" };
        match by_provider {
            true => drop(site.enter(&kim()).await),
            false => site.recover().await,
        }
        for session in [&attacker, &second] {
            site.has_ended(session, reason).await;
        }
    }
}

/// The attacker links an identity of their own, and comes back by it after the victim has recovered the account.
#[tokio::test]
async fn trojan_identifier() {
    let trojan = person("two", "attacker", Some(("attacker@evil.example", true)));
    for way in ["provider", "reset", "login link", "verification link"] {
        let site = Site::social().await;
        let attacker = site.prepare().await;
        let account = site.caller(&attacker).await.user;
        let verification = site.mails().await.into_iter().next().unwrap();
        site.link(&attacker, &trojan).await;
        assert_eq!(site.enter(&trojan).await.user.id, account.id, "it opens the account so far");
        let code = site.code(&trojan).await;
        match way {
            "provider" => drop(site.enter(&kim()).await),
            "reset" => site.recover().await,
            "login link" => {
                site.post(&Anonymous, "/v1/login/link", json!({ "email": VICTIM })).await;
                let mail = site.mails().await.into_iter().next().unwrap();
                site.post(&Anonymous, "/v1/login/link/confirm", json!({ "token": mail.token() })).await.pair();
            }
            _ => {
                let body = json!({ "token": verification.token() });
                site.post(&Anonymous, "/v1/email/verification/confirm", body).await.is_done();
            }
        }
        let again = site.enter(&trojan).await;
        assert_ne!(again.user.id, account.id, "{way}");
        site.exchange(&code, VERIFIER, super::APP).await.is_problem(400, "code_invalid");
        assert!(!site.linked(&account).await.contains(&"two".to_owned()), "{way}");
    }
}

/// The attacker begins a change to an address of their own, and finishes it after the victim has come.
#[tokio::test]
async fn unexpired_email_change() {
    for by_provider in [true, false] {
        let site = Site::social().await;
        let attacker = site.prepare().await;
        let body = json!({ "new_email": "attacker@evil.example", "current_password": PASSWORD });
        assert_eq!(site.post(&attacker, "/v1/email/change", body).await.status, 202);
        let change = site.mails().await.into_iter().find(|mail| mail.to == "attacker@evil.example").unwrap();
        match by_provider {
            true => drop(site.enter(&kim()).await),
            false => site.recover().await,
        }
        let body = json!({ "token": change.token() });
        site.post(&Anonymous, "/v1/email/change/confirm", body).await.is_problem(410, "link_used");
        let kept = site.store().user_by_email(&Email::parse(VICTIM).unwrap()).await.unwrap().unwrap();
        assert!(kept.email_verified);
    }
}

/// The attacker has a provider that says any address without having seen a mail read there.
#[tokio::test]
async fn non_verifying_idp() {
    let attacker = person("two", "attacker", Some((VICTIM, false)));
    // Before the victim comes: the attacker's account is not the victim's for long.
    let site = Site::social().await;
    let prepared = site.enter(&attacker).await;
    let victim = site.enter(&kim()).await;
    assert_eq!(victim.user.id, prepared.user.id, "whoever reads mail there has the account alone");
    assert!(!site.is_alive(&prepared).await);
    assert_eq!(site.linked(&victim.user).await, ["one"]);
    let again = site.enter(&attacker).await;
    assert!(again.user.id != victim.user.id && again.user.email.is_none());
    // Before the victim signs up with a password: the address's owner resets it.
    let site = Site::social().await;
    let prepared = site.enter(&attacker).await;
    site.recover().await;
    assert!(!site.is_alive(&prepared).await);
    assert_ne!(site.enter(&attacker).await.user.id, prepared.user.id);
    // After it: the address opens nothing.
    let site = Site::social().await;
    let victim = site.enter(&kim()).await;
    let stranger = site.enter(&attacker).await;
    assert!(stranger.user.id != victim.user.id && stranger.user.email.is_none());
}
