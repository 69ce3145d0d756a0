//! Linking and unlinking on the pages.

use axum::http::Method;
use serde_json::json;

use super::journey::{KIM, LEE, WELCOME, excuses, leads, log_in, offer_of, start, start_with};
use crate::app::harness::{Admin, PASSWORD};
use crate::app::pages::browser::Browser;

#[tokio::test]
async fn an_account_links_and_unlinks_on_its_page() {
    let (site, upstream) = start().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let account = kim.get(&site, "/account").await;
    assert!(account.body.as_str().unwrap().contains("href=\"/social/one?link\">Link Provider one</a>"), "{account:?}");
    let answer = log_in(&site, &upstream, &mut kim, "/social/one?link", KIM).await;
    let offer = offer_of(&answer);
    let page = kim.get(&site, &format!("/social/link?offer={offer}")).await;
    let html = page.body.as_str().unwrap();
    assert!(html.contains("kim@example.com") && html.contains("<dd>kim</dd>") && html.contains(&offer), "{html}");
    let account = kim.get(&site, "/account").await;
    assert!(!account.body.as_str().unwrap().contains("Unlink"), "to look at an offer links nothing");
    // Only a page of this site can accept it.
    for from in ["cross-site", "same-site"] {
        let forged = kim.send(&site, Method::POST, "/social/link", from, format!("offer={offer}")).await;
        assert_eq!(forged.status, 403, "{forged:?}");
    }
    leads(&kim.post(&site, "/social/link", &[("offer", &offer)]).await, "/account?notice=linked");
    let again = kim.post(&site, "/social/link", &[("offer", &offer)]).await;
    assert_eq!(again.status, 410, "{again:?}");
    let mut elsewhere = Browser::default();
    leads(&log_in(&site, &upstream, &mut elsewhere, "/social/one", KIM).await, "/account");
    let account = elsewhere.get(&site, "/account").await;
    let html = account.body.as_str().unwrap();
    assert!(html.contains("<p class=\"lead\">kim</p>"), "{html}");
    let id = html.split("name=\"identity\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    // Linked already, nothing is to be confirmed.
    leads(&log_in(&site, &upstream, &mut kim, "/social/one?link", KIM).await, "/account?notice=linked");
    leads(&kim.post(&site, "/account", &[("action", "unlink"), ("identity", id)]).await, "/account?notice=unlinked");
    assert!(kim.is_logged_in(&site).await && !elsewhere.is_logged_in(&site).await);
}

#[tokio::test]
async fn a_link_is_begun_by_who_is_logged_in() {
    let (site, _upstream) = start().await;
    leads(&Browser::default().get(&site, "/social/one?link").await, "/login?return_to=/account");
}

#[tokio::test]
async fn the_last_way_in_stays_on_the_page_too() {
    let (site, upstream) = start().await;
    let mut lee = Browser::default();
    leads(&log_in(&site, &upstream, &mut lee, "/social/one", LEE).await, WELCOME);
    let account = lee.get(&site, "/account").await;
    let html = account.body.as_str().unwrap();
    assert!(html.contains("This account has no password yet") && !html.contains("id=\"password-current_password\""));
    let id = html.split("name=\"identity\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let unlink = [("action", "unlink"), ("identity", &id)];
    let refused = lee.post(&site, "/account", &unlink).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.as_str().unwrap().contains("This is the last way to log in"), "{refused:?}");
    site.pass(600);
    let set = [("action", "password"), ("new_password", PASSWORD)];
    let old = lee.post(&site, "/account", &set).await;
    assert_eq!(old.status, 403);
    assert!(old.body.as_str().unwrap().contains("Log in again and do it within ten minutes"), "{old:?}");
    leads(&log_in(&site, &upstream, &mut lee, "/social/one", LEE).await, "/account");
    leads(&lee.post(&site, "/account", &set).await, "/account?notice=password");
    leads(&lee.post(&site, "/account", &unlink).await, "/account?notice=unlinked");
}

/// The same verified address at a provider and here: the account's user is asked.
#[tokio::test]
async fn an_address_that_an_account_has_shown_to_be_its_own_is_linked_by_its_user_alone() {
    let (site, upstream) = start().await;
    let user = json!({ "email": "kim@example.com", "password": PASSWORD });
    let id = site.post(&Admin, "/v1/admin/users", user).await.body["id"].as_str().unwrap().to_owned();
    site.patch(&Admin, &format!("/v1/admin/users/{id}"), json!({ "email_verified": true })).await;
    let mut kim = Browser::default();
    let offer = offer_of(&log_in(&site, &upstream, &mut kim, "/social/one?return_to=/orders", KIM).await);
    assert!(!kim.is_logged_in(&site).await);
    let page = kim.get(&site, &format!("/social/link?offer={offer}")).await;
    let html = page.body.as_str().unwrap();
    assert!(html.contains("Log in to it first") && !html.contains("name=\"offer\""), "{html}");
    let log_in = format!("/login?return_to=%2Fsocial%2Flink%3Foffer%3D{offer}");
    assert!(html.contains(&log_in), "{html}");
    assert_eq!(kim.post(&site, "/social/link", &[("offer", &offer)]).await.status, 403);
    // Someone else in this browser is told so, and can't accept it.
    kim.post(&site, "/signup", &[("username", "mallory"), ("password", PASSWORD)]).await;
    let refused = kim.post(&site, "/social/link", &[("offer", &offer)]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.as_str().unwrap().contains("<b>mallory</b>"), "{refused:?}");
    // Another browser has no such offer, whoever is logged in there.
    let fields = [("identifier", "kim@example.com"), ("password", PASSWORD)];
    let mut other = Browser::default();
    other.post(&site, "/login", &fields).await;
    assert_eq!(other.get(&site, &format!("/social/link?offer={offer}")).await.status, 410);
    assert_eq!(other.post(&site, "/social/link", &[("offer", &offer)]).await.status, 410);
    // The account's user logs in as always, and says yes.
    let link = format!("/social/link?offer={offer}");
    let fields = [("identifier", "kim@example.com"), ("password", PASSWORD), ("return_to", &link)];
    leads(&kim.post(&site, "/login", &fields).await, &link);
    leads(&kim.post(&site, "/social/link", &[("offer", &offer)]).await, "/orders");
    leads(&self::log_in(&site, &upstream, &mut Browser::default(), "/social/one", KIM).await, "/account");
}

#[tokio::test]
async fn a_disabled_account_and_a_closed_sign_up_are_explained() {
    let (site, upstream) = start_with(|config| config.signup.mode = serde_json::from_str("\"closed\"").unwrap()).await;
    let mut kim = Browser::default();
    excuses(&log_in(&site, &upstream, &mut kim, "/social/one", KIM).await, 403, "sign-up is not open");
    assert!(!kim.get(&site, "/signup").await.body.as_str().unwrap().contains("Continue with"));
    let (site, upstream) = start().await;
    log_in(&site, &upstream, &mut kim, "/social/one", KIM).await;
    let users = site.get(&Admin, "/v1/admin/users").await.body;
    let path = format!("/v1/admin/users/{}", users["users"][0]["id"].as_str().unwrap());
    site.patch(&Admin, &path, json!({ "status": "disabled" })).await;
    excuses(&log_in(&site, &upstream, &mut Browser::default(), "/social/one", KIM).await, 403, "is disabled");
}
