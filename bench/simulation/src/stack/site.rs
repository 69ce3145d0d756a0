use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::config::{Bytes, DataDir};
use tokenry::{App, Config};
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::time::{Clock, Timestamp};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::protocol::{START, Token, header};

/// A server with one user.
pub(super) struct Site {
    runtime: Runtime,
    app: Arc<App>,
    router: Router,
    clock: Arc<SetClock>,
    _directory: TempDir,
}

/// A clock that stands where it is put.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What the server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Site {
    /// Opens it in a new directory, with the cheapest password hashing that is allowed and without throttling.
    pub(super) fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(SetClock(AtomicI64::new(START.millis())));
        let mut config = Config { data_dir: DataDir(directory.path().to_owned()), ..Config::default() };
        config.password.memory = Bytes(64 << 10);
        config.password.iterations = 1;
        config.rate_limit.enabled = false;
        let listen = config.listen.0;
        let moved = Arc::clone(&clock) as Arc<dyn Clock>;
        let app = runtime.block_on(App::open_with(config, listen, moved, Default::default())).expect("an application");
        let site = Self { router: app.router(), runtime, app, clock, _directory: directory };
        let reply = site.post("/v1/signup", None, &json!({ "username": USER, "password": PASSWORD }));
        assert_eq!(reply.status, 201, "{reply:?}");
        site
    }

    /// Puts the clock so many milliseconds after the beginning.
    pub(super) fn set_clock(&self, now: i64) {
        self.clock.0.store(START.millis() + now, Ordering::SeqCst);
    }

    pub(super) fn post(&self, path: &str, key: Option<u64>, body: &Value) -> Reply {
        let mut request = Request::post(path).header("content-type", "application/json").extension(ConnectInfo(PEER));
        if let Some(key) = key {
            request = request.header("idempotency-key", header(key));
        }
        let request = request.body(Body::from(body.to_string())).expect("a request");
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("the router always answers");
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
            Reply { status, body: serde_json::from_slice(&body).unwrap_or_default() }
        })
    }

    /// What a session's row holds, and whether it was ended.
    pub(super) fn row(&self, session: &str) -> (RefreshState, bool) {
        let id = session.parse().expect("an identifier");
        let found = self.runtime.block_on(self.app.authority().store().session(id)).expect("the store answers");
        let (session, _) = found.expect("the session is kept");
        (session.refresh.clone(), session.end.is_some())
    }
}

impl Reply {
    /// The refresh token, and the place that its claims name.
    pub(super) fn refresh_token(&self) -> (Token, String) {
        let text = self.body["refresh_token"].as_str().unwrap_or_else(|| panic!("no token: {self:?}"));
        let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let number = |name: &str| claims[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {claims}"));
        let ordinal = u32::try_from(number("ord")).expect("a small number");
        (Token { generation: number("gen"), ordinal }, text.to_owned())
    }
}

pub(super) const USER: &str = "owner";
pub(super) const PASSWORD: &str = "correct horse battery";
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4711);
