//! `/account`.

use tokenry_domain::audit::AuditKind;

use super::browser::Browser;
use crate::app::harness::{Answer, OTHER_PASSWORD, PASSWORD, Site};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1";

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap()
}

async fn act(browser: &mut Browser, site: &Site, action: &str, fields: &[(&str, &str)]) -> Answer {
    browser.post(site, "/account", &[&[("action", action)], fields].concat()).await
}

/// That the form has done its work and says so on a page of its own.
#[track_caller]
fn leads_to(answer: &Answer, location: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, location), "{answer:?}");
}

#[tokio::test]
async fn the_account_is_for_its_owner_alone() {
    let site = Site::new().await;
    leads_to(&Browser::default().get(&site, "/account").await, "/login?return_to=/account");
    let mut stranger = Browser::default();
    for action in ["log_out", "end_others"] {
        leads_to(&act(&mut stranger, &site, action, &[]).await, "/login?return_to=/account");
    }
    // A token in a header is not what pages look at.
    let token = site.signup("kim").await;
    stranger.headers.push(("authorization", format!("Bearer {}", token.access)));
    leads_to(&stranger.get(&site, "/account").await, "/login?return_to=/account");
}

#[tokio::test]
async fn names_are_changed_and_removed() {
    let site = Site::new().await;
    Browser::signed_up(&site, "lee").await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let change = async |browser: &mut Browser, username: &str, email: &str| {
        act(browser, &site, "profile", &[("username", username), ("email", email)]).await
    };
    leads_to(&change(&mut kim, "kim", "").await, "/account?notice=profile");
    assert!(site.audit(AuditKind::UserChanged).await.is_empty(), "nothing was changed");
    leads_to(&change(&mut kim, "kimalo", "kim@example.com").await, "/account?notice=profile");
    let shown = kim.get(&site, "/account?notice=profile").await;
    for part in ["value=\"kimalo\"", "value=\"kim@example.com\"", "Saved."] {
        assert!(html(&shown).contains(part), "{part}");
    }
    leads_to(&change(&mut kim, "", "kim@example.com").await, "/account?notice=profile");
    for (username, email, status, field, message) in [
        ("", "", 400, "username", "Enter a username or an e-mail address."),
        ("LEE", "kim@example.com", 409, "username", "This username is taken."),
        ("kim", "kim@", 400, "email", "This is not an e-mail address."),
    ] {
        let answer = change(&mut kim, username, email).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(html(&answer).contains(&format!("id=\"profile-{field}-wrong\">{message}")), "{message}: {answer:?}");
        assert!(html(&answer).contains(&format!("value=\"{username}\"")), "{answer:?}");
    }
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let mut phone = Browser::logged_in(&site, "kim", PHONE).await;
    let change = async |browser: &mut Browser, current: &str, new: &str| {
        act(browser, &site, "password", &[("current_password", current), ("new_password", new)]).await
    };
    for (current, new, status, field, message) in [
        ("", OTHER_PASSWORD, 400, "current_password", "Enter the password."),
        (OTHER_PASSWORD, OTHER_PASSWORD, 401, "current_password", "The password is wrong."),
        (PASSWORD, "", 400, "new_password", "Enter the password."),
        (PASSWORD, "kim12345", 422, "new_password", "This is easy to guess."),
    ] {
        let answer = change(&mut kim, current, new).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(html(&answer).contains(&format!("id=\"password-{field}-wrong\">{message}")), "{message}: {answer:?}");
        assert!(!html(&answer).contains(PASSWORD) && !html(&answer).contains(OTHER_PASSWORD));
    }
    assert!(phone.is_logged_in(&site).await);
    leads_to(&change(&mut kim, PASSWORD, OTHER_PASSWORD).await, "/account?notice=password");
    assert!(kim.is_logged_in(&site).await && !phone.is_logged_in(&site).await);
    assert_eq!(site.try_login("kim", PASSWORD).await.status, 401);
    assert_eq!(site.try_login("kim", OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    site.pass(3600);
    let mut phone = Browser::logged_in(&site, "kim", PHONE).await;
    site.pass(120);
    let token = site.login("kim").await;
    let mut lee = Browser::signed_up(&site, "lee").await;
    let page = kim.get(&site, "/account").await;
    let page = html(&page);
    for part in
        ["Safari · iPhone", "192.0.2.1", "1 hour ago", "2 minutes ago", "Unknown device", "2025-11-24 16:00 UTC"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!((page.matches("This one").count(), page.matches("name=\"session\" value=").count()), (1, 2));
    let of_phone = page.split("name=\"session\" value=\"").find(|part| part.contains("Safari · iPhone, ")).unwrap();
    let of_phone = &of_phone[..36];
    // Another's session is none of lee's business, and lee is not told whether it is there.
    leads_to(&act(&mut lee, &site, "end_session", &[("session", of_phone)]).await, "/account?notice=session");
    assert!(phone.is_logged_in(&site).await);
    leads_to(&act(&mut kim, &site, "end_session", &[("session", of_phone)]).await, "/account?notice=session");
    assert!(!phone.is_logged_in(&site).await);
    // A second time: someone was faster.
    leads_to(&act(&mut kim, &site, "end_session", &[("session", of_phone)]).await, "/account?notice=session");
    assert_eq!(act(&mut kim, &site, "end_session", &[("session", "nonsense")]).await.status, 404);
    leads_to(&act(&mut kim, &site, "end_others", &[]).await, "/account?notice=others");
    site.has_ended(&token, "logout").await;
    assert!(kim.is_logged_in(&site).await && lee.is_logged_in(&site).await);
    assert!(!html(&kim.get(&site, "/account").await).contains("end_others"));
}

#[tokio::test]
async fn many_sessions_make_no_endless_page() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    for _ in 0..60 {
        site.login("kim").await;
    }
    let page = kim.get(&site, "/account").await;
    assert_eq!(html(&page).matches("<li>").count(), 50);
    assert!(html(&page).contains("This one") && html(&page).contains("And 11 more."));
}

#[tokio::test]
async fn logging_out_ends_the_session_and_takes_the_cookie() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let mut copy = Browser::default();
    copy.keep("tokenry", kim.cookie("tokenry").unwrap());
    leads_to(&act(&mut kim, &site, "log_out", &[]).await, "/login?notice=out");
    assert_eq!(kim.cookie("tokenry"), None);
    assert!(!copy.is_logged_in(&site).await);
    assert!(html(&kim.get(&site, "/login?notice=out").await).contains("You are logged out."));
    leads_to(&act(&mut kim, &site, "log_out", &[]).await, "/login?return_to=/account");
}

#[tokio::test]
async fn deleting_the_account_asks_for_the_password() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    for (password, status) in [("", 400), (OTHER_PASSWORD, 401)] {
        let answer = act(&mut kim, &site, "delete", &[("current_password", password)]).await;
        assert_eq!(answer.status, status);
        assert!(
            html(&answer).contains("<details open>") && html(&answer).contains("id=\"delete-current_password-wrong\"")
        );
    }
    leads_to(&act(&mut kim, &site, "delete", &[("current_password", PASSWORD)]).await, "/login?notice=deleted");
    assert_eq!((kim.cookie("tokenry"), site.try_login("kim", PASSWORD).await.status), (None, 401));
}

#[tokio::test]
async fn what_no_form_of_the_account_sends_is_refused() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    for fields in [
        &[][..],
        &[("action", "nonsense")],
        &[("action", "log_out"), ("action", "log_out")],
        &[("action", "delete"), ("current_password", PASSWORD), ("session", "x")],
        &[("action", "delete"), ("current_password", PASSWORD), ("current_password", PASSWORD)],
    ] {
        assert_eq!(kim.post(&site, "/account", fields).await.status, 400, "{fields:?}");
    }
    assert!(kim.is_logged_in(&site).await);
}

#[tokio::test]
async fn a_double_submission_does_no_harm() {
    let site = Site::new().await;
    let mut kim = Browser::signed_up(&site, "kim").await;
    let mut twin = Browser::default();
    twin.keep("tokenry", kim.cookie("tokenry").unwrap());
    let fields = [("username", "kimalo"), ("email", "")];
    let both = tokio::join!(act(&mut kim, &site, "profile", &fields), act(&mut twin, &site, "profile", &fields));
    leads_to(&both.0, "/account?notice=profile");
    leads_to(&both.1, "/account?notice=profile");
}
