use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokenry::config::Secret;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::RotateKeys;
use tokenry_domain::revocation::RevocationKind;
use tokenry_jwt::Unverified;

use super::harness::{Admin, Anonymous, Holder, OTHER_PASSWORD, PASSWORD, START, Site};

const FEED: &str = "/v1/revocations";

#[tokio::test]
async fn every_way_to_end_a_session_is_in_it() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.logout(&kim).await.is_done();
    let kim = site.login("kim").await;
    let other = site.login("kim").await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    site.post(&kim, "/v1/password", body).await.is_done();
    let next = site.refresh(&kim.refresh).await.pair();
    let next = site.refresh(&next.refresh).await.pair();
    site.pass(11);
    site.refresh(&kim.refresh).await.is_problem(401, "refresh_reused");
    let lee = site.signup("lee").await;
    let id = site.get(&lee, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    site.delete(&Admin, &format!("/v1/admin/users/{id}/sessions")).await;
    let lee_again = site.login("lee").await;
    site.patch(&Admin, &format!("/v1/admin/users/{id}"), json!({ "status": "disabled" })).await;
    let (park, han) = (site.signup("park").await, site.signup("han").await);
    let deleted = site.get(&park, "/v1/me").await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(site.delete(&Admin, &format!("/v1/admin/users/{deleted}")).await.status, 204);
    let own = json!({ "current_password": PASSWORD });
    site.call(&han, axum::http::Method::DELETE, "/v1/me", Some(own)).await.is_done();
    let feed = site.get(&Anonymous, FEED).await.body;
    let named = |kind: &str, value: &str| {
        let entries = feed["entries"].as_array().unwrap();
        entries.iter().filter(|entry| entry["kind"] == kind && entry["value"] == value).count()
    };
    for session in [&other, &next, &lee, &lee_again, &park, &han] {
        assert_eq!(named("sid", &session.session), 1, "{feed}");
    }
    assert_eq!((named("sub", &id), named("sub", &deleted)), (1, 1), "{feed}");
    assert_eq!(site.revoked(RevocationKind::Sid).await.len(), 7);
}

#[tokio::test]
async fn an_entry_says_what_and_until_when() {
    let site = Site::new().await;
    site.pass_millis(1);
    let kim = site.signup("kim").await;
    let empty = site.get(&Anonymous, FEED).await;
    assert_eq!((&empty.body["seq"], &empty.body["entries"]), (&json!(0), &json!([])));
    let id = site.get(&kim, "/v1/me").await.body["id"].clone();
    site.patch(&Admin, &format!("/v1/admin/users/{}", id.as_str().unwrap()), json!({ "status": "disabled" })).await;
    let feed = site.get(&Anonymous, FEED).await.body;
    let entries = feed["entries"].as_array().unwrap();
    assert_eq!(entries.last().unwrap()["tag"], feed["tag"]);
    let entry = entries.iter().find(|entry| entry["kind"] == "sub").unwrap();
    // An access token's life, the most leeway, and the repeat window; rounded up.
    assert_eq!(entry["until"], START + 3600 + 60 + 10 + 1);
    assert_eq!((&entry["before"], &entry["value"]), (&json!(START), &id));
    assert!(entries.iter().find(|entry| entry["kind"] == "sid").unwrap().get("before").is_none());
}

#[tokio::test]
async fn the_snapshot_is_signed_as_a_whole() {
    let site = Site::new().await;
    for name in ["kim", "lee", "park"] {
        let user = site.signup(name).await;
        site.logout(&user).await.is_done();
    }
    let feed = site.get(&Anonymous, FEED).await.body;
    let statement = statement(&site, feed["heartbeat"].as_str().unwrap());
    assert_eq!((&statement["seq"], &statement["iat"]), (&feed["seq"], &json!(START)));
    let mut chain = bytes(&statement["base"]);
    for entry in feed["entries"].as_array().unwrap() {
        chain = following(&chain, entry);
    }
    assert_eq!(chain, bytes(&statement["digest"]));
    let mut shortened = bytes(&statement["base"]);
    for entry in &feed["entries"].as_array().unwrap()[1..] {
        shortened = following(&shortened, entry);
    }
    assert_ne!(shortened, bytes(&statement["digest"]));
}

#[tokio::test]
async fn a_snapshot_that_has_not_changed_is_not_sent_again() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let etag = site.get(&Anonymous, FEED).await.header("etag").to_owned();
    let again = async |etag: &str| {
        let request = Request::get(FEED).header("if-none-match", etag).body(Body::empty()).unwrap();
        site.send(request).await.status
    };
    assert_eq!(again(&etag).await, 304);
    site.logout(&kim).await.is_done();
    assert_eq!(again(&etag).await, 200);
}

#[tokio::test]
async fn entries_that_no_live_token_can_match_are_gone() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.logout(&kim).await.is_done();
    site.pass(3600 + 60 + 10 - 1);
    assert_eq!(site.get(&Anonymous, FEED).await.body["entries"].as_array().unwrap().len(), 1);
    site.pass(1);
    let feed = site.get(&Anonymous, FEED).await.body;
    assert_eq!((&feed["seq"], &feed["entries"]), (&json!(1), &json!([])));
    let statement = statement(&site, feed["heartbeat"].as_str().unwrap());
    assert_eq!(statement["base"], statement["digest"]);
}

#[tokio::test]
async fn a_token_closes_it() {
    let site = Site::with(|config| config.revocations.token = Some(Secret::from("the-feed-token".to_owned()))).await;
    site.get(&Anonymous, FEED).await.is_problem(401, "token_missing");
    site.get(&Holder("another-token"), FEED).await.is_problem(401, "token_invalid");
    assert_eq!(site.get(&Holder("the-feed-token"), FEED).await.status, 200);
}

#[tokio::test]
async fn a_subscriber_hears_of_an_entry_and_then_its_digest() {
    let site = Site::new().await;
    let _upkeep = Upkeep::of(&site);
    let kim = site.signup("kim").await;
    let mut events = Events::of(&site, None).await;
    let first = events.next().await;
    assert_eq!((first.name.as_str(), &statement(&site, &first.data)["seq"]), ("heartbeat", &json!(0)));
    site.logout(&kim).await.is_done();
    let entry = events.next_but_heartbeats_of(&site, 0).await;
    let json: Value = serde_json::from_str(&entry.data).unwrap();
    assert_eq!((entry.name.as_str(), &json["value"]), ("revocation", &json!(kim.session)));
    assert_eq!(entry.id, format!("1-{}", json["tag"].as_str().unwrap()));
    let beat = events.next().await;
    let statement = statement(&site, &beat.data);
    assert_eq!((beat.name.as_str(), &statement["seq"]), ("heartbeat", &json!(1)));
    assert_eq!(following(&[0; 32], &json), bytes(&statement["digest"]));
}

#[tokio::test]
async fn a_subscriber_goes_on_where_it_was() {
    let site = Site::new().await;
    let _upkeep = Upkeep::of(&site);
    let mut ids = Vec::new();
    for name in ["kim", "lee", "park"] {
        let user = site.signup(name).await;
        site.logout(&user).await.is_done();
    }
    let mut all = Events::of(&site, None).await;
    for _ in 0..3 {
        ids.push(all.next().await.id);
    }
    let mut rest = Events::of(&site, Some(&ids[1])).await;
    assert_eq!(rest.next().await.id, ids[2]);
    let mut none = Events::of(&site, Some(&ids[2])).await;
    assert_eq!(none.next().await.name, "heartbeat");
    let mut by_number = Events::at(&site, &format!("{FEED}?after=1"), None).await;
    assert_eq!(by_number.next().await.id, ids[1]);
}

#[tokio::test]
async fn a_place_that_is_not_of_this_feed_is_reset() {
    let site = Site::new().await;
    let _upkeep = Upkeep::of(&site);
    for name in ["kim", "lee"] {
        let user = site.signup(name).await;
        site.logout(&user).await.is_done();
    }
    let id = Events::of(&site, Some("1")).await.next().await.id;
    let another = format!("2-{:016x}", u64::from_str_radix(&id[2..], 16).unwrap() ^ 1);
    for position in ["3", "18446744073709551615", another.as_str()] {
        let mut events = Events::of(&site, Some(position)).await;
        let first = events.next().await;
        assert_eq!((first.name.as_str(), events.next().await.name.as_str()), ("reset", "heartbeat"), "{position}");
    }
    // Before the oldest entry that is kept.
    site.pass(2 * 3600);
    let kim = site.login("kim").await;
    site.logout(&kim).await.is_done();
    assert_eq!(Events::of(&site, Some("1")).await.next().await.name, "reset");
    assert_eq!(Events::of(&site, Some(&id)).await.next().await.name, "revocation");
    for bad in ["x", "-1", "1-", "1-zz", "99999999999999999999", "1,2"] {
        let request = Request::get(FEED).header("last-event-id", bad).header("accept", "text/event-stream");
        site.send(request.body(Body::empty()).unwrap()).await.is_problem(400, "invalid_request");
    }
    site.get(&Anonymous, &format!("{FEED}?before=1")).await.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_server_that_lost_commits_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    for name in ["kim", "lee"] {
        let user = site.signup(name).await;
        site.logout(&user).await.is_done();
    }
    let file = site.config.database_file();
    let backup = directory.path().join("backup");
    drop(site);
    std::fs::copy(&file, &backup).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    let kim = site.login("kim").await;
    site.logout(&kim).await.is_done();
    let id = Events::of(&site, Some("2")).await.next().await.id;
    drop(site);
    std::fs::copy(&backup, &file).unwrap();
    let site = Site::in_directory(directory.path(), None).await;
    assert_eq!(Events::of(&site, Some(&id)).await.next().await.name, "reset");
    let lee = site.login("lee").await;
    site.logout(&lee).await.is_done();
    // The same number now stands for something else.
    assert_eq!(Events::of(&site, Some(&id)).await.next().await.name, "reset");
}

#[tokio::test]
async fn there_are_only_so_many_subscribers() {
    let site = Site::with(|config| config.revocations.subscribers = 2).await;
    let _upkeep = Upkeep::of(&site);
    let (first, _second) = (Events::of(&site, None).await, Events::of(&site, None).await);
    let third = || site.send(Request::get(FEED).header("accept", "text/event-stream").body(Body::empty()).unwrap());
    third().await.is_problem(503, "unavailable");
    assert!(site.get(&Anonymous, "/metrics").await.body.as_str().unwrap().contains("revocation_subscribers 2"));
    assert_eq!(site.get(&Anonymous, FEED).await.status, 200);
    drop(first);
    Events::of(&site, None).await;
}

#[tokio::test]
async fn no_network_keeps_all_others_from_following() {
    let site = Site::with(|config| config.revocations.subscribers = 4).await;
    let _upkeep = Upkeep::of(&site);
    let follow = |peer| follow(&site, peer);
    let mut many = Vec::new();
    for peer in ["[2001:db8::1]:1", "[2001:db8::1]:2", "[2001:db8::2]:1", "[2001:db8::3]:1"] {
        many.push(Events::in_answer(follow(peer).await));
    }
    let mut others = vec![Events::in_answer(follow("192.0.2.1:1").await)];
    assert_eq!(follow("[2001:db8::4]:1").await.status(), 503, "its network has more than any other");
    others.push(Events::in_answer(follow("192.0.2.2:1").await));
    others.push(Events::in_answer(follow("192.0.2.3:1").await));
    assert_eq!(follow("192.0.2.4:1").await.status(), 503, "no network has two more than this one");
    // The newest ones made room.
    for mut displaced in many.split_off(1) {
        while displaced.has_more().await {}
    }
    let kim = site.signup("kim").await;
    site.logout(&kim).await.is_done();
    for follower in many.iter_mut().chain(&mut others) {
        while follower.next().await.name != "revocation" {}
    }
}

#[tokio::test]
async fn a_network_that_comes_all_at_once_gets_no_more_than_its_share() {
    let site = Site::with(|config| config.revocations.subscribers = 10).await;
    let _upkeep = Upkeep::of(&site);
    let many = |peer| futures_util::future::join_all((0..20).map(|_| follow(&site, peer)));
    let held = |answers: &[Response]| answers.iter().filter(|answer| answer.status() == 200).count();
    let first = many("192.0.2.1:1").await;
    assert_eq!(held(&first), 10);
    assert_eq!(held(&many("192.0.2.2:1").await), 5);
}

#[tokio::test]
async fn an_emergency_rotation_is_in_it() {
    let site = Site::new().await;
    let old = site.get(&Anonymous, "/.well-known/jwks.json").await.body["keys"][0]["kid"].clone();
    site.app.authority().rotate(RotateKeys::Emergency, Actor::Admin).await.unwrap();
    let feed = site.get(&Anonymous, FEED).await.body;
    let entry = &feed["entries"][0];
    assert_eq!((&entry["kind"], &entry["value"]), (&json!("kid"), &old));
    // The new key speaks for the feed.
    assert_ne!(header(feed["heartbeat"].as_str().unwrap())["kid"], old);
}

/// What a server does by itself, until dropped.
struct Upkeep(tokio::task::JoinHandle<()>);

impl Upkeep {
    fn of(site: &Site) -> Self {
        Self(tokio::spawn(Arc::clone(&site.app).upkeep()))
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: String,
}

/// The answer to someone there who wants to follow the feed.
async fn follow(site: &Site, peer: &str) -> Response {
    let request = Request::get(FEED).header("accept", "text/event-stream").body(Body::empty()).unwrap();
    site.response_to(peer, request).await
}

/// The events of a subscription.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn of(site: &Site, last: Option<&str>) -> Self {
        Self::at(site, FEED, last).await
    }

    async fn at(site: &Site, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self::in_answer(site.response(request.body(Body::empty()).unwrap()).await)
    }

    fn in_answer(response: Response) -> Self {
        assert_eq!(
            (response.status(), response.headers()["content-type"].as_bytes()),
            (axum::http::StatusCode::OK, &b"text/event-stream"[..])
        );
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Whether the stream goes on.
    async fn has_more(&mut self) -> bool {
        let more = pin!(tokio::time::timeout(Duration::from_secs(30), self.body.next()));
        more.await.expect("something in time").is_some()
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let event = Event { name: field("event"), id: field("id"), data: field("data") };
                self.text = rest.to_owned();
                return event;
            }
            let more = pin!(tokio::time::timeout(Duration::from_secs(30), self.body.next()));
            let more = more.await.expect("an event in time").expect("the stream goes on").unwrap();
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    /// Skips statements about the feed as it was.
    async fn next_but_heartbeats_of(&mut self, site: &Site, seq: u64) -> Event {
        loop {
            let event = self.next().await;
            if event.name != "heartbeat" || statement(site, &event.data)["seq"] != seq {
                return event;
            }
        }
    }
}

/// What a heartbeat states, its signature verified with the published keys.
fn statement(site: &Site, heartbeat: &str) -> Value {
    let keys = site.app.authority().keys();
    let issuer = &site.app.authority().settings().issuer;
    let verifier = tokenry_jwt::Verifier::new(issuer, [issuer]).typ("revocations+jwt");
    verifier.verify_genuine(heartbeat, keys.access_keys()).unwrap();
    assert_eq!(header(heartbeat)["typ"], "revocations+jwt");
    Unverified::parse(heartbeat).unwrap().insecure_claims().clone()
}

fn header(token: &str) -> Value {
    Unverified::parse(token).unwrap().insecure_header().clone()
}

/// The digest as a guard computes it, of what it sees on the wire alone.
fn following(digest: &[u8], entry: &Value) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(digest);
    let tag = u64::from_str_radix(entry["tag"].as_str().unwrap(), 16).unwrap();
    let number = |name: &str| entry[name].as_u64().unwrap_or(0);
    for number in [number("seq"), tag, number("before"), number("until")] {
        context.update(&number.to_be_bytes());
    }
    context.update(format!("{}:{}", entry["kind"].as_str().unwrap(), entry["value"].as_str().unwrap()).as_bytes());
    context.finish().as_ref().to_vec()
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
