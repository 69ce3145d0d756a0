//! The real server, and the guard of a service, over a loopback port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::App;
use tokenry::config::{Bytes, Config, DataDir, List, Secret};
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::RotateKeys;
use tokenry_guard::{Freshness, Guard};
use tokio::task::JoinHandle;

use super::issuer::until;
use super::service::{get, service};

const ADMIN: &str = "the-token-of-the-admin";
const FEED: &str = "the-token-of-the-feed";

/// A server with a database of its own.
struct Server {
    name: String,
    app: Arc<App>,
    http: reqwest::Client,
    tasks: Vec<JoinHandle<()>>,
    _directory: TempDir,
}

struct Pair {
    access: String,
    refresh: String,
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config { data_dir: DataDir(directory.path().to_owned()), ..Config::default() };
        config.password.memory = Bytes(64 << 10);
        config.password.iterations = 1;
        config.rate_limit.enabled = false;
        config.token.audience = List(vec!["orders".to_owned()]);
        config.admin.token = Some(Secret::from(ADMIN.to_owned()));
        config.revocations.token = Some(Secret::from(FEED.to_owned()));
        let app = App::open(config, address).await.unwrap();
        let router = app.router().into_make_service_with_connect_info::<SocketAddr>();
        let tasks = vec![
            tokio::spawn(Arc::clone(&app).upkeep()),
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }),
        ];
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { name: format!("http://{address}"), app, http, tasks, _directory: directory }
    }

    async fn guard(&self) -> Guard {
        let guard = Guard::builder(&self.name, "orders").feed_token(FEED).connect().await.unwrap();
        guard.ready().await;
        guard
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.name)).bearer_auth(token);
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn logout(&self, token: &str) {
        let request = self.http.post(format!("{}/v1/logout", self.name)).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    async fn signup(&self, name: &str) -> Pair {
        pair(&self.post("/v1/signup", "", json!({ "username": name, "password": "correct horse battery" })).await)
    }

    fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn pair(answer: &Value) -> Pair {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}

#[tokio::test]
async fn log_in_verify_refresh_log_out_refused() {
    let server = Server::start().await;
    let guard = server.guard().await;
    let service = service(&guard);
    assert_eq!(guard.status().freshness, Freshness::Fresh);
    let kim = server.signup("kim").await;
    let subject = guard.verify(&kim.access).await.unwrap().subject().to_owned();
    get(&service, "/orders", Some(&kim.access)).await.is_hello(&subject);
    // The other token of the pair is for the issuer alone.
    get(&service, "/orders", Some(&kim.refresh)).await.is_problem(401, "token_invalid");
    let next = pair(&server.post("/v1/refresh", "", json!({ "refresh_token": kim.refresh })).await);
    get(&service, "/orders", Some(&next.access)).await.is_hello(&subject);
    server.logout(&next.access).await;
    until(|| guard.verify_now(&next.access).is_err()).await;
    for token in [&kim.access, &next.access] {
        get(&service, "/orders", Some(token)).await.is_problem(401, "token_revoked");
    }
    let again = server.post("/v1/login", "", json!({ "identifier": "kim", "password": "correct horse battery" })).await;
    get(&service, "/orders", Some(&pair(&again).access)).await.is_hello(&subject);
}

#[tokio::test]
async fn a_hundred_log_outs_reach_every_guard() {
    let server = Server::start().await;
    let guards = [server.guard().await, server.guard().await];
    let mut pairs = Vec::new();
    for number in 0..100 {
        pairs.push(server.signup(&format!("user{number}")).await);
    }
    for pair in &pairs {
        assert!(guards.iter().all(|guard| guard.verify_now(&pair.access).is_ok()));
        server.logout(&pair.access).await;
        until(|| guards.iter().all(|guard| guard.verify_now(&pair.access).is_err())).await;
    }
    for guard in &guards {
        let (status, metrics) = (guard.status(), guard.metrics());
        assert_eq!((status.revocations, status.freshness), (100, Freshness::Fresh));
        assert_eq!((metrics.feed_faults, metrics.feed_connections, metrics.snapshots), (0, 1, 1));
    }
    // One that comes later loads what they heard.
    let late = server.guard().await;
    assert_eq!(late.status().revocations, 100);
    assert!(pairs.iter().all(|pair| late.verify_now(&pair.access).is_err()));
}

#[tokio::test]
async fn keys_rotate_planned_at_once_and_in_an_emergency() {
    let server = Server::start().await;
    let guard = server.guard().await;
    let before = server.signup("kim").await.access;
    server.app.authority().rotate(RotateKeys::Now, Actor::Admin).await.unwrap();
    let after = server.signup("lee").await.access;
    for token in [&before, &after] {
        assert!(guard.verify(token).await.is_ok());
    }
    server.app.authority().rotate(RotateKeys::Emergency, Actor::Admin).await.unwrap();
    // Which of the keys leaked is not known: all that have signed are refused.
    until(|| [&before, &after].iter().all(|token| guard.verify_now(token).is_err())).await;
    let last = server.signup("park").await.access;
    until(|| guard.verify_now(&last).is_ok()).await;
    assert_eq!(guard.metrics().feed_faults, 0);
}

#[tokio::test]
async fn a_disabled_user_is_refused_with_all_sessions() {
    let server = Server::start().await;
    let guard = server.guard().await;
    let kim = server.signup("kim").await.access;
    let id = guard.verify(&kim).await.unwrap().subject().to_owned();
    let request = server.http.patch(format!("{}/v1/admin/users/{id}", server.name)).bearer_auth(ADMIN);
    let request = request.header("content-type", "application/json").body(json!({ "status": "disabled" }).to_string());
    assert!(request.send().await.unwrap().status().is_success());
    until(|| guard.verify_now(&kim).is_err()).await;
    assert_eq!(guard.verify_now(&kim).unwrap_err().code(), "token_revoked");
}

#[tokio::test]
async fn a_server_that_goes_down_takes_nobody_with_it() {
    let server = Server::start().await;
    let guard = server.guard().await;
    let (kim, lee) = (server.signup("kim").await, server.signup("lee").await);
    server.logout(&lee.access).await;
    until(|| guard.verify_now(&lee.access).is_err()).await;
    server.stop();
    until(|| guard.status().feed_error.is_some()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(guard.verify(&kim.access).await.is_ok());
    assert_eq!(guard.verify(&lee.access).await.unwrap_err().code(), "token_revoked");
}

#[tokio::test]
async fn a_closed_feed_leaves_a_guard_without_its_token_cold() {
    let server = Server::start().await;
    let guard = Guard::connect(&server.name, "orders").await.unwrap();
    assert_eq!((guard.status().freshness, guard.is_ready()), (Freshness::Cold, false));
    assert!(guard.status().feed_error.unwrap().contains("401"));
    assert!(guard.verify(&server.signup("kim").await.access).await.is_ok());
}
