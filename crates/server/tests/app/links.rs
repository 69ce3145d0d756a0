//! Links in mails: verification, reset, log-in, another address, and "this was not me".

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokenry_domain::audit::AuditKind;
use tokio::task::JoinSet;

use crate::app::harness::{Admin, Anonymous, Answer, LoggedIn, OTHER_PASSWORD, PASSWORD, Site};

const KIM: &str = "Kim@example.com";
const NEW_PASSWORD: &str = "seven purple tractors";

/// A mail that was sent.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) link: String,
    pub(crate) text: String,
}

impl Mail {
    pub(crate) fn token(&self) -> &str {
        self.link.split_once("?token=").unwrap().1
    }
}

impl Site {
    /// Sends what is queued, and gives all mails so far, newest first.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        self.app.send_mail().await.unwrap();
        let request = Request::get("/dev/outbox").header("host", "127.0.0.1").header("accept", "application/json");
        let answer = self.send_from("127.0.0.1:4711", request.body(Body::empty()).unwrap()).await;
        let text = |mail: &Value, name: &str| mail[name].as_str().unwrap().to_owned();
        let mails = answer.body["mails"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        let mail = |mail| Mail {
            to: text(mail, "to"),
            subject: text(mail, "subject"),
            link: text(mail, "link"),
            text: text(mail, "text"),
        };
        mails.iter().map(mail).collect()
    }

    /// The newest mail, which must be this one.
    async fn newest(&self, subject: &str) -> Mail {
        let mail = self.mails().await.into_iter().next().unwrap();
        assert!(mail.subject.contains(subject), "{mail:?}");
        mail
    }

    async fn signup_with_email(&self, email: &str) -> LoggedIn {
        self.post(&Anonymous, "/v1/signup", json!({ "email": email, "password": PASSWORD })).await.pair()
    }

    /// An account whose owner has verified the address.
    async fn verified(&self, email: &str) -> LoggedIn {
        let user = self.signup_with_email(email).await;
        let mail = self.newest("Confirm").await;
        self.post(&user, "/v1/email/verification/confirm", json!({ "token": mail.token() })).await.is_done();
        user
    }

    async fn ask(&self, path: &str, email: &str) {
        let answer = self.post(&Anonymous, path, json!({ "email": email })).await;
        assert_eq!((answer.status, &answer.body), (202, &json!("")), "{answer:?}");
    }

    async fn reset(&self, token: &str, password: &str) -> Answer {
        let body = json!({ "token": token, "new_password": password });
        self.post(&Anonymous, "/v1/password/reset/confirm", body).await
    }

    async fn log_in_by(&self, token: &str) -> Answer {
        self.post(&Anonymous, "/v1/login/link/confirm", json!({ "token": token })).await
    }

    /// A reset link for an account.
    async fn reset_link(&self, email: &str) -> Mail {
        self.ask("/v1/password/reset", email).await;
        self.newest("Choose a new password").await
    }

    async fn login_link(&self, email: &str) -> Mail {
        self.ask("/v1/login/link", email).await;
        self.newest("Log in").await
    }
}

#[tokio::test]
async fn an_address_is_verified_once() {
    let site = Site::new().await;
    let kim = site.signup_with_email(KIM).await;
    let mail = site.newest("Confirm").await;
    assert_eq!(mail.to, KIM);
    assert_eq!(site.get(&kim, "/v1/me").await.body["email_verified"], false);
    let body = json!({ "token": mail.token() });
    site.post(&kim, "/v1/email/verification/confirm", body.clone()).await.is_done();
    assert_eq!(site.get(&kim, "/v1/me").await.body["email_verified"], true);
    site.post(&kim, "/v1/email/verification/confirm", body).await.is_problem(410, "link_used");
    assert_eq!(site.audit(AuditKind::EmailVerified).await.len(), 1);
    // Nothing more to verify.
    assert_eq!(site.post(&kim, "/v1/email/verification", json!({})).await.status, 202);
    assert_eq!(site.mails().await.len(), 1);
}

#[tokio::test]
async fn a_reset_ends_every_session_voids_the_old_password_and_says_so() {
    let site = Site::new().await;
    let (first, second) = (site.verified(KIM).await, site.login(KIM).await);
    let mail = site.reset_link("KIM@EXAMPLE.COM").await;
    assert_eq!(mail.to, KIM, "to the account's own spelling");
    site.reset(mail.token(), "12345678").await.is_problem(422, "weak_password");
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    for user in [&first, &second] {
        site.has_ended(user, "password").await;
    }
    site.try_login(KIM, PASSWORD).await.is_problem(401, "invalid_credentials");
    site.try_login(KIM, NEW_PASSWORD).await.pair();
    assert!(site.mails().await.iter().any(|mail| mail.subject == "Your password was changed"));
    site.reset(mail.token(), OTHER_PASSWORD).await.is_problem(410, "link_used");
}

#[tokio::test]
async fn a_link_logs_in_by_token_and_by_cookie() {
    let site = Site::new().await;
    let first = site.verified(KIM).await;
    let mail = site.login_link(KIM).await;
    let pair = site.log_in_by(mail.token()).await.pair();
    site.accepts(&pair).await;
    site.accepts(&first).await;
    site.log_in_by(mail.token()).await.is_problem(410, "link_used");
    let mail = site.login_link(KIM).await;
    let body = json!({ "token": mail.token(), "method": "cookie" });
    let answer = site.post(&Anonymous, "/v1/login/link/confirm", body).await;
    assert!(answer.status == 200 && answer.header("set-cookie").starts_with("tokenry="), "{answer:?}");
    assert!(answer.body.get("access_token").is_none());
    site.try_login(KIM, PASSWORD).await.pair();
}

#[tokio::test]
async fn an_account_moves_to_an_address_that_its_owner_reads_and_the_old_one_is_told() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let wrong = json!({ "new_email": "new@example.com", "current_password": OTHER_PASSWORD });
    site.post(&kim, "/v1/email/change", wrong).await.is_problem(401, "invalid_credentials");
    let body = json!({ "new_email": "new@example.com", "current_password": PASSWORD });
    assert_eq!(site.post(&kim, "/v1/email/change", body).await.status, 202);
    let mail = site.newest("new e-mail address").await;
    assert_eq!((mail.to.as_str(), &site.get(&kim, "/v1/me").await.body["email"]), ("new@example.com", &json!(KIM)));
    site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": mail.token() })).await.is_done();
    let me = site.get(&kim, "/v1/me").await.body;
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("new@example.com"), &json!(true)));
    assert_eq!(site.newest("was changed").await.to, KIM);
}

#[tokio::test]
async fn whether_a_new_address_is_taken_is_told_to_no_one_but_its_reader() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let move_to = async |email: &str| {
        let body = json!({ "new_email": email, "current_password": PASSWORD });
        assert_eq!(site.post(&kim, "/v1/email/change", body).await.status, 202);
    };
    site.verified("lee@example.com").await;
    let before = site.mails().await.len();
    move_to("LEE@example.com").await;
    assert_eq!(site.mails().await.len(), before);
    // Taken between asking and using.
    move_to("park@example.com").await;
    let mail = site.newest("new e-mail address").await;
    site.verified("park@example.com").await;
    let answer = site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": mail.token() })).await;
    answer.is_problem(409, "account_exists");
}

#[tokio::test]
async fn who_never_verified_an_address_loses_it_to_who_reads_its_mail() {
    let site = Site::new().await;
    let (kim, squatter) = (site.verified(KIM).await, site.signup_with_email("new@example.com").await);
    let body = json!({ "new_email": "new@example.com", "current_password": PASSWORD });
    site.post(&kim, "/v1/email/change", body).await;
    let mail = site.newest("new e-mail address").await;
    site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": mail.token() })).await.is_done();
    assert_eq!(site.get(&kim, "/v1/me").await.body["email"], "new@example.com");
    // The account itself stays, under a name.
    let left = site.get(&squatter, "/v1/me").await.body;
    assert_eq!(left["email"], Value::Null);
    assert!(left["username"].as_str().unwrap().starts_with("user-"), "{left}");
}

/// The reader of the mail need not be who asked for it: what the other one knows opens nothing.
#[tokio::test]
async fn a_first_address_that_is_moved_to_without_a_session_voids_the_password() {
    for brings_session in [false, true] {
        let site = Site::new().await;
        let asker = site.signup_with_email(KIM).await;
        let body = json!({ "new_email": "victim@example.com", "current_password": PASSWORD });
        site.post(&asker, "/v1/email/change", body).await;
        let body = json!({ "token": site.newest("new e-mail address").await.token() });
        let path = "/v1/email/change/confirm";
        if brings_session {
            site.post(&asker, path, body).await.is_done();
            site.accepts(&asker).await;
            site.try_login("victim@example.com", PASSWORD).await.pair();
        } else {
            site.post(&Anonymous, path, body).await.is_done();
            site.has_ended(&asker, "logout").await;
            site.try_login("victim@example.com", PASSWORD).await.is_problem(401, "invalid_credentials");
            let mail = site.newest("Choose a new password").await;
            assert_eq!(mail.to, "victim@example.com");
            site.reset(mail.token(), NEW_PASSWORD).await.is_done();
        }
    }
}

#[tokio::test]
async fn a_verified_address_changes_by_a_link_alone() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    site.patch(&kim, "/v1/me", json!({ "username": "kim" })).await;
    for email in [json!("thief@example.com"), json!("KIM@example.com"), Value::Null] {
        site.patch(&kim, "/v1/me", json!({ "email": email })).await.is_invalid_at("/email");
    }
    assert_eq!(site.patch(&kim, "/v1/me", json!({ "email": KIM, "username": "kimalo" })).await.status, 200);
    // Without mail there is no other way.
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    let lee = site.signup_with_email("lee@example.com").await;
    assert_eq!(site.patch(&lee, "/v1/me", json!({ "email": "new@example.com" })).await.status, 200);
}

#[tokio::test]
async fn a_new_link_voids_the_old_one_of_its_purpose() {
    let site = Site::new().await;
    site.verified(KIM).await;
    let (old, other) = (site.reset_link(KIM).await, site.login_link(KIM).await);
    let new = site.reset_link(KIM).await;
    site.reset(old.token(), NEW_PASSWORD).await.is_problem(410, "link_used");
    site.log_in_by(other.token()).await.pair();
    site.reset(new.token(), NEW_PASSWORD).await.is_done();
}

#[tokio::test]
async fn a_changed_password_or_address_voids_links() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let (reset, login) = (site.reset_link(KIM).await, site.login_link(KIM).await);
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    site.post(&kim, "/v1/password", body).await.is_done();
    site.reset(reset.token(), OTHER_PASSWORD).await.is_problem(410, "link_used");
    site.log_in_by(login.token()).await.is_problem(410, "link_used");
    let (reset, login) = (site.reset_link(KIM).await, site.login_link(KIM).await);
    let body = json!({ "new_email": "new@example.com", "current_password": NEW_PASSWORD });
    site.post(&kim, "/v1/email/change", body).await;
    let change = site.newest("new e-mail address").await;
    site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": change.token() })).await.is_done();
    site.reset(reset.token(), OTHER_PASSWORD).await.is_problem(410, "link_used");
    site.log_in_by(login.token()).await.is_problem(410, "link_used");
}

#[tokio::test]
async fn an_expired_link_is_refused_and_not_even_sent() {
    let site = Site::new().await;
    site.verified(KIM).await;
    let (reset, login) = (site.reset_link(KIM).await, site.login_link(KIM).await);
    site.pass(899);
    site.log_in_by(login.token()).await.pair();
    let login = site.login_link(KIM).await;
    site.pass(900);
    site.log_in_by(login.token()).await.is_problem(410, "link_expired");
    site.pass(3600 - 1799);
    site.reset(reset.token(), NEW_PASSWORD).await.is_problem(410, "link_expired");
    let sent = site.mails().await.len();
    site.ask("/v1/login/link", KIM).await;
    site.pass(900);
    assert_eq!(site.mails().await.len(), sent);
    assert_eq!(site.audit(AuditKind::MailGivenUp).await.len(), 1);
}

#[tokio::test]
async fn guessed_altered_and_other_tokens_are_no_links() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let mail = site.reset_link(KIM).await;
    let token = mail.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let altered = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    for bad in [&altered, "", "x", "a.b.c", &format!("{token}="), &kim.access, &kim.refresh, &"a".repeat(20_000)] {
        site.reset(bad, NEW_PASSWORD).await.is_problem(400, "link_invalid");
        site.log_in_by(bad).await.is_problem(400, "link_invalid");
    }
    // Genuine, but for something else.
    site.log_in_by(token).await.is_problem(400, "link_invalid");
    for path in ["/v1/email/verification/confirm", "/v1/email/change/confirm", "/v1/not-me"] {
        site.post(&Anonymous, path, json!({ "token": token })).await.is_problem(400, "link_invalid");
    }
    // And a link is no other token.
    site.refresh(token).await.is_problem(401, "refresh_invalid");
    site.get(&crate::app::harness::Holder(token), "/v1/me").await.is_problem(401, "token_invalid");
    let jwks = site.get(&Anonymous, "/.well-known/jwks.json").await.body;
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 1, "its key is not published: {jwks}");
    site.reset(token, NEW_PASSWORD).await.is_done();
}

#[tokio::test]
async fn a_link_of_another_site_or_account_opens_nothing_here() {
    let (site, other) = (Site::new().await, Site::new().await);
    site.verified(KIM).await;
    other.verified(KIM).await;
    let foreign = other.reset_link(KIM).await;
    site.reset(foreign.token(), NEW_PASSWORD).await.is_problem(400, "link_invalid");
    let lee = site.verified("lee@example.com").await;
    let mail = site.reset_link("lee@example.com").await;
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    site.has_ended(&lee, "password").await;
    site.try_login(KIM, PASSWORD).await.pair();
    site.try_login(KIM, NEW_PASSWORD).await.is_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_has_no_links() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let (reset, sent) = (site.reset_link(KIM).await, site.mails().await.len());
    let id = site.get(&kim, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/users/{id}");
    site.patch(&Admin, &path, json!({ "status": "disabled" })).await;
    site.reset(reset.token(), NEW_PASSWORD).await.is_problem(410, "link_used");
    site.ask("/v1/login/link", KIM).await;
    assert_eq!(site.mails().await.len(), sent);
    site.patch(&Admin, &path, json!({ "status": "active" })).await;
    site.delete(&Admin, &path).await.is_done();
    site.reset(reset.token(), NEW_PASSWORD).await.is_problem(410, "link_used");
}

/// Fifty at once, in as many rounds as `TOKENRY_TEST_ROUNDS` says; the figure of record is 1,000.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_parallel_uses_of_one_link_one_succeeds() {
    let site = Site::shared().await;
    site.verified(KIM).await;
    let rounds: usize = rounds(20);
    for _ in 0..rounds {
        site.ask("/v1/login/link", KIM).await;
        let mail = site.newest("Log in").await;
        let mut uses = JoinSet::new();
        for _ in 0..50 {
            let (site, token) = (Arc::clone(&site), mail.token().to_owned());
            uses.spawn(async move { site.log_in_by(&token).await });
        }
        let answers = uses.join_all().await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1);
        refused.iter().for_each(|answer| answer.is_problem(410, "link_used"));
    }
    println!("{rounds} rounds of 50 parallel uses: one succeeded in each");
}

#[tokio::test]
async fn an_answer_never_tells_whether_an_address_has_an_account() {
    let site = Site::with(|config| config.rate_limit.enabled = true).await;
    site.verified(KIM).await;
    let sent = site.mails().await.len();
    for path in ["/v1/password/reset", "/v1/login/link"] {
        let ask = async |email: &str| {
            let answer = site.post(&Anonymous, path, json!({ "email": email })).await;
            let mut headers = answer.headers.clone();
            headers.remove("x-request-id");
            (answer.status, headers, answer.body)
        };
        assert_eq!(ask(KIM).await, ask("nobody@example.com").await);
    }
    assert_eq!(site.mails().await.len(), sent + 2);
    // The limits, too, count what is asked for and not what is there: of five mails one went at sign-up.
    for (email, left) in [(KIM, 2), ("nobody@example.com", 3)] {
        for n in 0..=left {
            let answer = site.post(&Anonymous, "/v1/password/reset", json!({ "email": email })).await;
            assert_eq!(answer.status, if n == left { 429 } else { 202 }, "{email} {n}");
        }
    }
}

#[tokio::test]
async fn headers_of_a_request_do_not_poison_a_link() {
    let site = Site::new().await;
    site.verified(KIM).await;
    for path in ["/v1/password/reset", "/v1/login/link"] {
        let request = Request::post(path)
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "https")
            .header("forwarded", "host=evil.example")
            .header("origin", "https://evil.example")
            .header("referer", "https://evil.example/");
        assert_eq!(site.send_json(request, &json!({ "email": KIM })).await.status, 202);
        let mail = &site.mails().await[0];
        assert!(mail.link.starts_with("http://127.0.0.1:7519/") && !mail.text.contains("evil"), "{mail:?}");
    }
}

#[tokio::test]
async fn no_address_carries_a_header() {
    let site = Site::new().await;
    for email in [
        "kim@example.com\r\nBcc: lee@example.com",
        "kim@example.com\nSubject: x",
        "kim@example.com,lee@example.com",
        "Kim <kim@example.com>",
        "kim@example.com\0",
        "kim@[127.0.0.1]",
        "kim@example.com%0d%0abcc:lee@example.com",
    ] {
        let signup = site.post(&Anonymous, "/v1/signup", json!({ "email": email, "password": PASSWORD })).await;
        let reset = site.post(&Anonymous, "/v1/password/reset", json!({ "email": email })).await;
        assert_eq!((signup.status, reset.status), (400, 400), "{email:?}");
    }
    assert!(site.mails().await.is_empty());
}

/// The attacker signs up with the victim's address and waits (classic pre-hijacking, with an unexpired session).
#[tokio::test]
async fn prehijacking_ends_when_the_owner_logs_in_by_link() {
    let site = Site::new().await;
    let attacker = site.signup_with_email(KIM).await;
    let body = json!({ "new_email": "attacker@example.com", "current_password": PASSWORD });
    site.post(&attacker, "/v1/email/change", body).await;
    let change = site.newest("new e-mail address").await;
    let mail = site.login_link(KIM).await;
    let owner = site.log_in_by(mail.token()).await.pair();
    site.has_ended(&attacker, "logout").await;
    site.try_login(KIM, PASSWORD).await.is_problem(401, "invalid_credentials");
    let answer = site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": change.token() })).await;
    answer.is_problem(410, "link_used");
    assert_eq!(site.get(&owner, "/v1/me").await.body["email_verified"], true);
}

#[tokio::test]
async fn prehijacking_ends_when_the_owner_resets() {
    let site = Site::new().await;
    let attacker = site.signup_with_email(KIM).await;
    let mail = site.reset_link(KIM).await;
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    site.has_ended(&attacker, "password").await;
    site.try_login(KIM, PASSWORD).await.is_problem(401, "invalid_credentials");
    let owner = site.try_login(KIM, NEW_PASSWORD).await.pair();
    assert_eq!(site.get(&owner, "/v1/me").await.body["email_verified"], true);
}

#[tokio::test]
async fn a_first_verification_ends_every_session_but_the_one_that_brings_it() {
    let site = Site::new().await;
    let (first, second) = (site.signup_with_email(KIM).await, site.login(KIM).await);
    let mail = site.newest("Confirm").await;
    site.post(&second, "/v1/email/verification/confirm", json!({ "token": mail.token() })).await.is_done();
    site.has_ended(&first, "logout").await;
    site.accepts(&second).await;
    // Brought by no session, or by another account's, it ends all.
    let (lee, park) =
        (site.signup_with_email("lee@example.com").await, site.signup_with_email("park@example.com").await);
    let mails = site.mails().await;
    let token = |to: &str| mails.iter().find(|mail| mail.to == to).unwrap().token().to_owned();
    let path = "/v1/email/verification/confirm";
    site.post(&Anonymous, path, json!({ "token": token("lee@example.com") })).await.is_done();
    site.has_ended(&lee, "logout").await;
    site.post(&second, path, json!({ "token": token("park@example.com") })).await.is_done();
    site.has_ended(&park, "logout").await;
    site.accepts(&second).await;
}

#[tokio::test]
async fn not_me_takes_an_account_back_from_whoever_changed_its_password() {
    let site = Site::new().await;
    site.verified(KIM).await;
    let intruder = site.login(KIM).await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(&intruder, "/v1/password", body).await.is_done();
    let notice = site.newest("password was changed").await;
    site.post(&Anonymous, "/v1/not-me", json!({ "token": notice.token() })).await.is_done();
    site.has_ended(&intruder, "logout").await;
    site.try_login(KIM, OTHER_PASSWORD).await.is_problem(401, "invalid_credentials");
    let mail = site.newest("Choose a new password").await;
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    site.try_login(KIM, NEW_PASSWORD).await.pair();
    site.post(&Anonymous, "/v1/not-me", json!({ "token": notice.token() })).await.is_problem(410, "link_used");
}

#[tokio::test]
async fn not_me_brings_back_an_address_that_an_intruder_replaced_and_beats_the_intruders_own() {
    let site = Site::new().await;
    let intruder = site.verified(KIM).await;
    let body = json!({ "new_email": "intruder@example.com", "current_password": PASSWORD });
    site.post(&intruder, "/v1/email/change", body).await;
    let change = site.newest("new e-mail address").await;
    site.pass(1);
    site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": change.token() })).await.is_done();
    let owners = site.newest("e-mail address was changed").await;
    assert_eq!(owners.to, KIM);
    site.pass(1);
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(&intruder, "/v1/password", body).await.is_done();
    let intruders = site.newest("password was changed").await;
    assert_eq!(intruders.to, "intruder@example.com");
    // The intruder is first, and gains nothing by it.
    site.post(&Anonymous, "/v1/not-me", json!({ "token": intruders.token() })).await.is_done();
    let reset = site.newest("Choose a new password").await;
    site.post(&Anonymous, "/v1/not-me", json!({ "token": owners.token() })).await.is_done();
    site.reset(reset.token(), OTHER_PASSWORD).await.is_problem(410, "link_used");
    let mail = site.newest("Choose a new password").await;
    assert_eq!(mail.to, KIM);
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    site.try_login(KIM, NEW_PASSWORD).await.pair();
}

#[tokio::test]
async fn not_me_shuts_an_intruder_out_although_the_old_address_was_taken_meanwhile() {
    for squatter_reads_it in [false, true] {
        let site = Site::new().await;
        let intruder = site.verified(KIM).await;
        let body = json!({ "new_email": "intruder@example.com", "current_password": PASSWORD });
        site.post(&intruder, "/v1/email/change", body).await;
        let change = site.newest("new e-mail address").await;
        site.post(&Anonymous, "/v1/email/change/confirm", json!({ "token": change.token() })).await.is_done();
        let notice = site.newest("e-mail address was changed").await;
        if squatter_reads_it {
            site.verified(KIM).await;
        } else {
            site.signup_with_email(KIM).await;
        }
        site.post(&Anonymous, "/v1/not-me", json!({ "token": notice.token() })).await.is_done();
        site.has_ended(&intruder, "logout").await;
        site.try_login("intruder@example.com", PASSWORD).await.is_problem(401, "invalid_credentials");
        // The intruder's own address opens nothing either.
        let sent = site.mails().await.len();
        site.ask("/v1/login/link", "intruder@example.com").await;
        assert_eq!(site.mails().await.len(), sent);
        if !squatter_reads_it {
            let mail = site.newest("Choose a new password").await;
            assert_eq!(mail.to, KIM);
            site.reset(mail.token(), NEW_PASSWORD).await.is_done();
            site.try_login(KIM, NEW_PASSWORD).await.pair();
        }
    }
}

#[tokio::test]
async fn a_verification_without_a_session_voids_the_password_and_every_other_link() {
    let site = Site::new().await;
    let hijacker = site.verified("hijacker@example.com").await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(&hijacker, "/v1/password", body).await.is_done();
    let not_me = site.newest("password was changed").await;
    // An administrator moves the account to an address that its user has named.
    let id = site.get(&hijacker, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/users/{id}");
    assert_eq!(site.patch(&Admin, &path, json!({ "email": KIM })).await.status, 200);
    let change = json!({ "new_email": "again@example.com", "current_password": OTHER_PASSWORD });
    site.post(&hijacker, "/v1/email/change", change).await;
    let change = site.newest("new e-mail address").await;
    site.post(&hijacker, "/v1/email/verification", json!({})).await;
    let owners = site.newest("Confirm your e-mail").await;
    assert_eq!(owners.to, KIM);
    let confirm = json!({ "token": owners.token() });
    site.post(&Anonymous, "/v1/email/verification/confirm", confirm).await.is_done();
    site.has_ended(&hijacker, "logout").await;
    site.try_login(KIM, OTHER_PASSWORD).await.is_problem(401, "invalid_credentials");
    let body = json!({ "token": change.token() });
    site.post(&Anonymous, "/v1/email/change/confirm", body).await.is_problem(410, "link_used");
    site.post(&Anonymous, "/v1/not-me", json!({ "token": not_me.token() })).await.is_problem(410, "link_used");
    let mail = site.newest("Choose a new password").await;
    assert_eq!(mail.to, KIM);
    site.reset(mail.token(), NEW_PASSWORD).await.is_done();
    site.try_login(KIM, NEW_PASSWORD).await.pair();
}

#[tokio::test]
async fn a_stolen_session_is_told_to_its_owner() {
    let site = Site::new().await;
    let kim = site.verified(KIM).await;
    let stolen = site.login(KIM).await;
    let next = site.refresh(&stolen.refresh).await.pair();
    site.refresh(&next.refresh).await.pair();
    site.pass(60);
    site.refresh(&stolen.refresh).await.is_problem(401, "refresh_reused");
    let notice = site.newest("was stolen").await;
    site.accepts(&kim).await;
    site.post(&Anonymous, "/v1/not-me", json!({ "token": notice.token() })).await.is_done();
    site.has_ended(&kim, "logout").await;
}

#[tokio::test]
async fn a_new_device_is_told_and_a_known_one_is_not() {
    let site = Site::new().await;
    let log_in = async |device: &str| {
        let request = Request::post("/v1/login").header("user-agent", device);
        let answer = site.send_json(request, &json!({ "identifier": KIM, "password": PASSWORD })).await;
        assert_eq!(answer.status, 200);
        site.mails().await.iter().filter(|mail| mail.subject.contains("new device")).count()
    };
    site.verified(KIM).await;
    assert_eq!(log_in("Firefox/140.0 (Linux)").await, 1);
    assert_eq!(log_in("Firefox/141.5 (Linux)").await, 1, "an update is no other device");
    assert_eq!(log_in("Safari/18 (iPhone)").await, 2);
    assert_eq!(log_in("Firefox/141.5 (Linux)").await, 2);
    // Who has not shown to read mail at the address is told nothing there.
    site.signup_with_email("lee@example.com").await;
    let sent = site.mails().await.len();
    site.login("lee@example.com").await;
    assert_eq!(site.mails().await.len(), sent);
}

#[tokio::test]
async fn mails_are_in_the_language_of_the_request() {
    let site = Site::new().await;
    site.verified(KIM).await;
    let request = Request::post("/v1/password/reset").header("accept-language", "ko-KR,ko;q=0.9,en;q=0.5");
    site.send_json(request, &json!({ "email": KIM })).await;
    assert_eq!(site.mails().await[0].subject, "새 비밀번호를 정해 주세요");
}

#[tokio::test]
async fn where_mail_is_off_what_needs_it_is_refused_and_all_else_works() {
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    let kim = site.signup_with_email(KIM).await;
    for (path, body) in [
        ("/v1/email/verification", json!({})),
        ("/v1/email/change", json!({ "new_email": "new@example.com", "current_password": PASSWORD })),
        ("/v1/password/reset", json!({ "email": KIM })),
        ("/v1/login/link", json!({ "email": KIM })),
    ] {
        site.post(&kim, path, body).await.is_problem(403, "forbidden");
    }
    site.try_login(KIM, PASSWORD).await.pair();
    assert_eq!(site.app.send_mail().await.unwrap(), 0);
    let outbox = site.send_from("127.0.0.1:1", Request::get("/dev/outbox").body(Body::empty()).unwrap()).await;
    outbox.is_problem(404, "not_found");
}

/// What a mail scanner, a preview or a browser that looks ahead does.
#[tokio::test]
async fn opening_a_link_spends_nothing() {
    let site = Site::new().await;
    site.verified(KIM).await;
    for mail in [site.login_link(KIM).await, site.reset_link(KIM).await] {
        let target = mail.link.strip_prefix("http://127.0.0.1:7519").unwrap().to_owned();
        for method in ["GET", "HEAD", "GET", "OPTIONS", "PUT"] {
            let answer = site.send(Request::builder().method(method).uri(&target).body(Body::empty()).unwrap()).await;
            assert!(answer.status == 200 || method == "PUT", "{answer:?}");
            assert!(!answer.headers.contains_key("set-cookie"));
            if method == "GET" {
                assert_eq!(answer.header("referrer-policy"), "strict-origin");
                assert_eq!(answer.header("cache-control"), "no-store");
                assert!(answer.body.as_str().unwrap().contains(KIM));
            }
        }
        match mail.link.contains("/login/link") {
            true => drop(site.log_in_by(mail.token()).await.pair()),
            false => site.reset(mail.token(), NEW_PASSWORD).await.is_done(),
        }
        let opened = site.send(Request::get(&target).body(Body::empty()).unwrap()).await;
        assert_eq!(opened.status, 410);
        assert!(!opened.body.as_str().unwrap().contains("<button class=\"button full\""));
    }
}

/// A page's form, sent by a browser.
async fn press(site: &Site, path: &str, fields: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    site.send(request.body(Body::from(fields.to_owned())).unwrap()).await
}

#[tokio::test]
async fn the_pages_do_what_the_links_are_for() {
    let site = Site::new().await;
    let kim = site.signup_with_email(KIM).await;
    let mail = site.newest("Confirm").await;
    let fields = format!("token={}", mail.token());
    let own = [("sec-fetch-site", "same-origin")];
    assert_eq!(press(&site, "/email/verify", &fields, &own).await.status, 200);
    site.has_ended(&kim, "logout").await;
    let mail = site.reset_link(KIM).await;
    let fields = |password: &str| format!("token={}&new_password={password}", mail.token());
    let weak = press(&site, "/password/reset", &fields("12345678"), &own).await;
    assert!(weak.status == 422 && weak.body.as_str().unwrap().contains("name=\"new_password\""), "{weak:?}");
    let done = press(&site, "/password/reset", &fields("seven+purple+tractors"), &own).await;
    assert_eq!(done.status, 200, "{done:?}");
    let notice = site.newest("was changed").await;
    site.try_login(KIM, NEW_PASSWORD).await.pair();
    let mail = site.login_link(KIM).await;
    let answer = press(&site, "/login/link", &format!("token={}", mail.token()), &own).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account"));
    assert!(answer.header("set-cookie").starts_with("tokenry="));
    assert_eq!(press(&site, "/not-me", &format!("token={}", notice.token()), &own).await.status, 200);
    assert_eq!(press(&site, "/not-me", &format!("token={}", notice.token()), &own).await.status, 410);
    for fields in ["", "token=x", "token=x&token=y", "token=%ff", "token=x&other=y"] {
        assert_eq!(press(&site, "/login/link", fields, &own).await.status, 400, "{fields}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_presses_no_button() {
    let site = Site::new().await;
    site.verified(KIM).await;
    let mail = site.login_link(KIM).await;
    let fields = format!("token={}", mail.token());
    for headers in
        [&[("sec-fetch-site", "cross-site")][..], &[("origin", "https://evil.example"), ("host", "127.0.0.1")]]
    {
        let answer = press(&site, "/login/link", &fields, headers).await;
        assert!(answer.status == 403 && !answer.headers.contains_key("set-cookie"), "{answer:?}");
    }
    site.log_in_by(mail.token()).await.pair();
}

#[expect(clippy::disallowed_methods, reason = "how long to go on is for whoever runs the tests to say")]
fn rounds(default: usize) -> usize {
    std::env::var("TOKENRY_TEST_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}
