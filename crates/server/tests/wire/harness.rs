use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::config::{Bytes, DataDir, Secret};
use tokenry::{App, Config};
use tokenry_domain::time::{Clock, Timestamp};
use tokenry_store::Options;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const ADMIN: &str = "the-token-of-the-admin";

/// An application of its own, with a database of its own.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) config: Config,
    _directory: Option<TempDir>,
    router: Router,
}

/// A clock that stands still until it is moved.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A client that keeps its pair.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let site = Self::open(directory.path(), None, change).await;
        Self { _directory: Some(directory), ..site }
    }

    /// An application on a database that stays, which may grow to so many pages.
    pub(crate) async fn in_directory(directory: &Path, max_pages: Option<u32>) -> Self {
        Self::open(directory, max_pages, |_| {}).await
    }

    async fn open(directory: &Path, max_pages: Option<u32>, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_764_000_000_000)));
        let mut config = Config { data_dir: DataDir(directory.to_owned()), ..Config::default() };
        config.password.memory = Bytes(64 << 10);
        config.password.iterations = 1;
        config.rate_limit.enabled = false;
        config.admin.token = Some(Secret::from(ADMIN.to_owned()));
        change(&mut config);
        let address = config.listen.0;
        let options = Options { max_pages, ..Options::default() };
        let app = App::open_with(config.clone(), address, Arc::clone(&clock) as Arc<dyn Clock>, options);
        let app = app.await.unwrap();
        Self { router: app.router(), app, clock, config, _directory: None }
    }

    /// Moves the clock; back, too.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_else(|_| text()) }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, None, Some(body)).await
    }

    pub(crate) async fn signup(&self, username: &str) -> Session {
        let answer = self.post("/v1/signup", json!({ "username": username, "password": PASSWORD })).await;
        answer.session()
    }

    pub(crate) async fn login(&self, identifier: &str) -> Session {
        let answer = self.post("/v1/login", json!({ "identifier": identifier, "password": PASSWORD })).await;
        answer.session()
    }

    /// A refresh token alone, with a key or without.
    pub(crate) async fn refresh(&self, token: &str, key: Option<&str>) -> Answer {
        let mut request = Request::post("/v1/refresh").header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(json!({ "refresh_token": token }).to_string().into()).unwrap()).await
    }
}

impl Answer {
    pub(crate) fn session(&self) -> Session {
        let text = |name: &str| self.body[name].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned();
        Session { access: text("access_token"), refresh: text("refresh_token"), id: text("session_id") }
    }

    /// That it is the problem of this status and code, whole.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["request_id"].as_str(), self.headers["x-request-id"].to_str().ok());
        assert!(["type", "title", "detail"].iter().all(|member| self.body[member].is_string()));
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401);
        assert_eq!(self.headers["cache-control"], "no-store");
    }
}
