//! An application for one test, and the people who use it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request};
use axum::response::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::config::{Bytes, DataDir, Secret, SessionStore};
use tokenry::{App, Config};
use tokenry_domain::audit::{AuditFilter, AuditKind, AuditRecord};
use tokenry_domain::revocation::{RevocationKind, RevocationRecord};
use tokenry_domain::session::{Method as Carried, Session};
use tokenry_domain::store::Store;
use tokenry_domain::time::{Clock, Timestamp};
use tokenry_store::Options;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const OTHER_PASSWORD: &str = "wrong zebra capacitor";
pub(crate) const ADMIN_TOKEN: &str = "the-token-of-the-admin";
pub(crate) const PEER: &str = "192.0.2.1:4711";
/// When every test begins, in seconds since 1970.
pub(crate) const START: i64 = 1_764_000_000;

/// An application of its own, with a database of its own.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) config: Config,
    clock: Arc<MovableClock>,
    router: Router,
    directory: Directory,
}

/// Where a site keeps its database: its own place, or one that outlives it.
enum Directory {
    Own(TempDir),
    Lent(PathBuf),
}

/// A clock that stands still until it is moved.
struct MovableClock {
    millis: AtomicI64,
    /// How far it goes each time that someone looks at it.
    step: AtomicI64,
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.fetch_add(self.step.load(Ordering::SeqCst), Ordering::SeqCst))
    }
}

/// Someone who calls.
pub(crate) trait Caller {
    /// The bearer token that it sends.
    fn bearer(&self) -> Option<&str>;
}

/// Someone without a token.
pub(crate) struct Anonymous;

/// Whoever holds the token of `[admin]`.
pub(crate) struct Admin;

/// Whoever holds this token.
pub(crate) struct Holder<'a>(pub(crate) &'a str);

/// A client that keeps its pair.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoggedIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Caller for Anonymous {
    fn bearer(&self) -> Option<&str> {
        None
    }
}

impl Caller for Admin {
    fn bearer(&self) -> Option<&str> {
        Some(ADMIN_TOKEN)
    }
}

impl Caller for Holder<'_> {
    fn bearer(&self) -> Option<&str> {
        Some(self.0)
    }
}

impl Caller for LoggedIn {
    fn bearer(&self) -> Option<&str> {
        Some(&self.access)
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn shared() -> Arc<Self> {
        Arc::new(Self::new().await)
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::open(Directory::Own(tempfile::tempdir().unwrap()), None, change).await
    }

    /// On a database that outlives it, and that may grow to so many pages.
    pub(crate) async fn in_directory(directory: &Path, max_pages: Option<u32>) -> Self {
        Self::open(Directory::Lent(directory.to_owned()), max_pages, |_| {}).await
    }

    pub(crate) async fn in_directory_with(directory: &Path, change: impl FnOnce(&mut Config)) -> Self {
        Self::open(Directory::Lent(directory.to_owned()), None, change).await
    }

    async fn open(directory: Directory, max_pages: Option<u32>, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(MovableClock { millis: AtomicI64::new(START * 1000), step: AtomicI64::new(0) });
        let mut config = Config { data_dir: DataDir(directory.path().to_owned()), ..Config::default() };
        config.password.memory = Bytes(64 << 10);
        config.password.iterations = 1;
        config.rate_limit.enabled = false;
        config.admin.token = Some(Secret::from(ADMIN_TOKEN.to_owned()));
        change(&mut config);
        let options = Options { max_pages, ..Options::default() };
        let moved = Arc::clone(&clock) as Arc<dyn Clock>;
        let app = App::open_with(config.clone(), config.listen.0, moved, options).await.unwrap();
        Self { router: app.router(), app, config, clock, directory }
    }

    /// Moves the clock; back, too.
    pub(crate) fn pass(&self, seconds: i64) {
        self.pass_millis(seconds * 1000);
    }

    pub(crate) fn pass_millis(&self, millis: i64) {
        self.clock.millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// From now on it takes so long from one look at the clock to the next.
    pub(crate) fn takes_millis(&self, millis: i64) {
        self.clock.step.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.app.authority().store()
    }

    /// The stored session.
    pub(crate) async fn row(&self, user: &LoggedIn) -> Session {
        self.row_of(&user.session).await
    }

    pub(crate) async fn row_of(&self, session: &str) -> Session {
        self.store().session(session.parse().unwrap()).await.unwrap().unwrap().0
    }

    pub(crate) async fn audit(&self, kind: AuditKind) -> Vec<AuditRecord> {
        let filter = AuditFilter { kinds: vec![kind], limit: 1000, ..AuditFilter::default() };
        self.store().audit(filter).await.unwrap()
    }

    /// That of all sessions which a user has begun the newest are live, so many, and the others on the feed, each once;
    /// of cookies, only if they are kept beside it.
    pub(crate) async fn has_only_the_newest(&self, user: &str, begun: &[String], count: usize) {
        let mut rows = Vec::new();
        for session in begun {
            rows.push(self.row_of(session).await);
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        let (live, ended) = rows.split_at(count);
        let in_feed =
            |row: &&Session| row.method == Carried::Token || self.config.session.store == SessionStore::Database;
        let names = |rows: &[Session]| rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>();
        let listed = self.get(&Admin, &format!("/v1/admin/users/{user}/sessions")).await.body["sessions"].clone();
        let listed: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(listed, names(live));
        let ended: Vec<Session> = ended.iter().filter(in_feed).cloned().collect();
        let (mut told, mut expected) = (self.revoked(RevocationKind::Sid).await, names(&ended));
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
    }

    /// The values that the feed carries of this kind.
    pub(crate) async fn revoked(&self, kind: RevocationKind) -> Vec<String> {
        let records = self.store().revocations(0, 1000).await.unwrap();
        let values = |record: RevocationRecord| (record.revocation.kind == kind).then_some(record.revocation.value);
        records.into_iter().filter_map(values).collect()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from(PEER, request).await
    }

    /// The answer while it is still being sent.
    pub(crate) async fn response(&self, request: Request<Body>) -> Response {
        self.response_to(PEER, request).await
    }

    pub(crate) async fn response_to(&self, peer: &str, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send_from(&self, peer: &str, request: Request<Body>) -> Answer {
        let response = self.response_to(peer, request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_else(|_| text()) }
    }

    pub(crate) async fn call(&self, who: &impl Caller, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = who.bearer() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        match body {
            Some(body) => self.send_json(request, &body).await,
            None => self.send(request.body(Body::empty()).unwrap()).await,
        }
    }

    /// Completes a request with a JSON body.
    pub(crate) async fn send_json(&self, request: Builder, body: &Value) -> Answer {
        let request = request.header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn get(&self, who: &impl Caller, path: &str) -> Answer {
        self.call(who, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, who: &impl Caller, path: &str, body: Value) -> Answer {
        self.call(who, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, who: &impl Caller, path: &str, body: Value) -> Answer {
        self.call(who, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: &impl Caller, path: &str) -> Answer {
        self.call(who, Method::DELETE, path, None).await
    }

    pub(crate) async fn signup(&self, username: &str) -> LoggedIn {
        self.try_signup(username).await.pair()
    }

    pub(crate) async fn try_signup(&self, username: &str) -> Answer {
        self.post(&Anonymous, "/v1/signup", json!({ "username": username, "password": PASSWORD })).await
    }

    pub(crate) async fn login(&self, identifier: &str) -> LoggedIn {
        self.try_login(identifier, PASSWORD).await.pair()
    }

    pub(crate) async fn try_login(&self, identifier: &str, password: &str) -> Answer {
        self.post(&Anonymous, "/v1/login", json!({ "identifier": identifier, "password": password })).await
    }

    /// Presents a refresh token alone, as a plain client does.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post(&Anonymous, "/v1/refresh", json!({ "refresh_token": token })).await
    }

    /// Presents a refresh token alone, as a client with keys does.
    pub(crate) async fn refresh_keyed(&self, token: &str, key: &str) -> Answer {
        let request = Request::post("/v1/refresh").header("idempotency-key", key);
        self.send_json(request, &json!({ "refresh_token": token })).await
    }

    /// Presents a refresh token beside an access token.
    pub(crate) async fn refresh_pair(&self, refresh: &str, access: &str) -> Answer {
        let body = json!({ "refresh_token": refresh, "access_token": access });
        self.post(&Anonymous, "/v1/refresh", body).await
    }

    pub(crate) async fn logout(&self, who: &impl Caller) -> Answer {
        self.call(who, Method::POST, "/v1/logout", None).await
    }

    /// That the access token is accepted.
    pub(crate) async fn accepts(&self, user: &LoggedIn) {
        assert_eq!(self.get(user, "/v1/me").await.status, 200);
    }

    /// That the session is over for this reason, whatever is presented.
    pub(crate) async fn has_ended(&self, user: &LoggedIn, reason: &str) {
        for answer in [self.get(user, "/v1/me").await, self.refresh(&user.refresh).await] {
            answer.is_problem(401, "token_revoked");
            assert_eq!(answer.body["reason"], reason);
        }
    }
}

impl Directory {
    fn path(&self) -> &Path {
        match self {
            Self::Own(directory) => directory.path(),
            Self::Lent(path) => path,
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn pair(&self) -> LoggedIn {
        let text = |name: &str| self.body[name].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned();
        LoggedIn { access: text("access_token"), refresh: text("refresh_token"), session: text("session_id") }
    }

    #[track_caller]
    pub(crate) fn is_done(&self) {
        assert_eq!((self.status, &self.body), (204, &Value::from("")), "{self:?}");
    }

    /// The named header as text, empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// That it is the problem of this status and code, whole.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["request_id"].as_str(), Some(self.header("x-request-id")));
        assert!(["type", "title", "detail"].iter().all(|member| self.body[member].is_string()), "{self:?}");
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
    }

    /// That it refuses this member of the body.
    #[track_caller]
    pub(crate) fn is_invalid_at(&self, pointer: &str) {
        self.is_problem(400, "invalid_request");
        assert_eq!(self.body["errors"][0]["pointer"], pointer, "{self:?}");
    }
}
