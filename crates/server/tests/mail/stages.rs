//! A server that refuses, breaks off, delays or says nothing, at every step of a session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenry_domain::audit::AuditKind;
use tokenry_domain::mail::{LEASE, Mail};
use tokenry_domain::time::Timestamp;
use tokio::task;

use crate::harness::{Anonymous, PASSWORD, Site};
use crate::mail::server::{MailServer, PATIENCE};

const STEPS: [&str; 6] = ["connect", "ehlo", "mail", "rcpt", "data", "end"];

async fn site(mail: &MailServer) -> Site {
    Site::with(|config| {
        config.mail.smtp = Some(mail.url("none"));
        config.mail.from = Some("Tokenry <no-reply@example.com>".to_owned());
    })
    .await
}

async fn sign_up(site: &Site, name: &str) {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    site.post(&Anonymous, "/v1/signup", body).await.pair();
}

/// Everything in the queue.
async fn queue(site: &Site) -> Vec<Mail> {
    site.store().mails_due(Timestamp::from_millis(i64::MAX), 1000).await.unwrap()
}

#[tokio::test]
async fn what_is_refused_or_broken_off_at_any_step_is_tried_again() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    for step in STEPS {
        for action in ["4xx", "5xx", "drop"] {
            let name = format!("{step}-{action}");
            mail.will(step, action);
            sign_up(&site, &name).await;
            assert_eq!(site.app.send_mail().await.unwrap(), 0, "{name}");
            assert_eq!(mail.did(step), action);
            mail.will_accept();
            assert_eq!(site.app.send_mail().await.unwrap(), 0, "{name}: not at once");
            site.pass(9);
            assert_eq!(site.app.send_mail().await.unwrap(), 0, "{name}: not before ten seconds");
            site.pass(1);
            assert_eq!(site.app.send_mail().await.unwrap(), 1, "{name}");
            assert_eq!(mail.next_mail()["to"], json!([format!("{name}@example.com")]));
        }
    }
    assert!(queue(&site).await.is_empty() && mail.other_mails().is_empty());
}

#[tokio::test]
async fn a_slow_answer_at_any_step_is_waited_for() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    for step in STEPS {
        mail.will(step, "delay 150");
    }
    sign_up(&site, "kim").await;
    assert_eq!(site.app.send_mail().await.unwrap(), 1);
    assert_eq!(mail.next_mail()["to"], json!(["kim@example.com"]));
    assert!(queue(&site).await.is_empty() && mail.other_mails().is_empty());
}

#[tokio::test]
async fn no_answer_to_the_farewell_repeats_no_mail() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    for action in ["hold", "drop", "5xx"] {
        mail.will("quit", action);
        sign_up(&site, action).await;
        assert_eq!(site.app.send_mail().await.unwrap(), 1, "{action}");
        assert!(queue(&site).await.is_empty());
    }
}

/// It can't be told from one that was not taken. Who reads mail can: it is the same message.
#[tokio::test]
async fn a_mail_that_was_taken_without_a_word_is_repeated_under_its_name() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    mail.will("end", "swallow");
    sign_up(&site, "kim").await;
    assert_eq!(site.app.send_mail().await.unwrap(), 0);
    let first = mail.next_mail();
    mail.will_accept();
    site.pass(10);
    assert_eq!(site.app.send_mail().await.unwrap(), 1);
    let second = mail.next_mail();
    assert_eq!(first["headers"]["message-id"], second["headers"]["message-id"]);
    assert_eq!(first["text"], second["text"], "the same link");
}

#[tokio::test]
async fn who_says_never_to_a_mail_is_believed_at_the_fourth_time() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    for step in ["rcpt", "data", "end"] {
        mail.will(step, "5xx");
        sign_up(&site, step).await;
        assert_eq!(waits(&site).await, [10, 20, 40], "{step}");
        mail.will_accept();
        mail.rest();
        site.pass(86_400);
        assert_eq!(site.app.send_mail().await.unwrap(), 0);
        assert!(mail.rest().is_empty(), "it is left alone");
    }
    assert!(metrics(&site).await.contains("tokenry_mails_queued 0\n"));
    let given_up = site.audit(AuditKind::MailGivenUp).await;
    assert_eq!(given_up.len(), 3);
    assert_eq!(given_up[0].event.detail, json!({ "letter": "verification", "attempts": 4 }));
    let metrics = metrics(&site).await;
    assert!(metrics.contains("tokenry_mails_total{outcome=\"given_up\"} 3"), "{metrics}");
    assert!(metrics.contains("tokenry_mails_total{outcome=\"refused\"} 12"), "{metrics}");
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_for_four_hours_less_and_less_often() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    // Even "never" is about the server here, or about how we log in, and not about the mail.
    for (step, action) in [("connect", "5xx"), ("ehlo", "4xx"), ("mail", "5xx"), ("end", "4xx"), ("end", "drop")] {
        mail.will(step, action);
        sign_up(&site, &format!("{step}-{action}")).await;
        let waits = waits(&site).await;
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600], "{step} {action}");
        mail.will_accept();
    }
    assert_eq!(site.audit(AuditKind::MailGivenUp).await.len(), 5);
    assert!(queue(&site).await.is_empty());
}

/// Tries the one mail of the queue again and again until it is given up. The seconds between.
async fn waits(site: &Site) -> Vec<i64> {
    let mut waits = Vec::new();
    loop {
        assert_eq!(site.app.send_mail().await.unwrap(), 0);
        let [mail] = &queue(site).await[..] else { return waits };
        let wait = mail.due_at.since(site.app.authority().now()).as_secs().try_into().unwrap();
        site.pass(wait);
        waits.push(wait);
    }
}

/// The end of a mail may take minutes (RFC 5321 section 4.5.3.2.6), longer than a lease: who gives up sends it twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_longer_than_a_lease_gets_the_mail_once() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    mail.will("end", "hold");
    sign_up(&site, "kim").await;
    let sending = task::spawn({
        let app = Arc::clone(&site.app);
        async move { app.send_mail().await.unwrap() }
    });
    let held = task::block_in_place(|| mail.did("end"));
    assert_eq!(held, "hold");
    let due_at = queue(&site).await[0].due_at;
    site.pass(LEASE.as_secs() as i64 - 5);
    until(async || queue(&site).await[0].due_at > due_at).await;
    site.pass(LEASE.as_secs() as i64 - 5);
    assert_eq!(site.app.send_mail().await.unwrap(), 0, "it is in hand");
    assert!(mail.rest().is_empty());
    mail.will_accept();
    assert_eq!(sending.await.unwrap(), 1);
    assert_eq!(mail.next_mail()["to"], json!(["kim@example.com"]));
    site.pass(3600);
    assert_eq!(site.app.send_mail().await.unwrap(), 0);
    assert!(queue(&site).await.is_empty() && mail.other_mails().is_empty());
}

/// A node that stood still for longer than a lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_another_node_took_over_is_left_to_it() {
    let mut mail = MailServer::start();
    let directory = tempfile::tempdir().unwrap();
    let with = |url: String| {
        move |config: &mut tokenry::Config| {
            config.mail.smtp = Some(url);
            config.mail.from = Some("no-reply@example.com".to_owned());
        }
    };
    let slow = Site::in_directory_with(directory.path(), with(mail.url("none"))).await;
    mail.will("mail", "hold");
    sign_up(&slow, "kim").await;
    let sending = task::spawn({
        let app = Arc::clone(&slow.app);
        async move { app.send_mail().await.unwrap() }
    });
    task::block_in_place(|| mail.did("mail"));
    let other_server = MailServer::start();
    let other = Site::in_directory_with(directory.path(), with(other_server.url("none"))).await;
    other.pass(LEASE.as_secs() as i64);
    assert_eq!(other.app.send_mail().await.unwrap(), 1);
    assert_eq!(other_server.next_mail()["to"], json!(["kim@example.com"]));
    // It notices before it hands over what is no longer its own.
    assert_eq!(sending.await.unwrap(), 0);
    mail.will_accept();
    assert!(mail.mail_within(Duration::from_millis(100)).is_none());
}

/// Four at a time, and each is taken before the next is handed over.
#[tokio::test]
async fn a_few_mails_are_under_way_at_once_and_one_is_handed_over_at_a_time() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    mail.will("mail", "delay 500");
    for n in 0..8 {
        sign_up(&site, &format!("user-{n}")).await;
    }
    let started = Instant::now();
    assert_eq!(site.app.send_mail().await.unwrap(), 8);
    let took = started.elapsed();
    let each = Duration::from_millis(500);
    assert!(took >= 2 * each && took < 7 * each, "{took:?} for eight that wait {each:?} each");
    let mut got: Vec<Value> = (0..8).map(|_| mail.next_mail()["to"][0].clone()).collect();
    got.sort_by_key(ToString::to_string);
    got.dedup();
    assert_eq!(got.len(), 8);
}

async fn metrics(site: &Site) -> String {
    site.get(&Anonymous, "/metrics").await.body.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_waits_and_for_how_long_is_measured() {
    let mut mail = MailServer::start();
    let site = site(&mail).await;
    mail.will("connect", "4xx");
    for name in ["kim", "lee"] {
        sign_up(&site, name).await;
        site.app.send_mail().await.unwrap();
        site.pass(40);
    }
    let measured = metrics(&site).await;
    assert!(measured.contains("tokenry_mails_queued 2\n"), "{measured}");
    assert!(measured.contains("tokenry_mail_age_seconds 80.0\n"), "{measured}");
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end);
        task::yield_now().await;
    }
}
