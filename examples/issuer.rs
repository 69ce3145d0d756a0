//! A real Tokenry on a loopback port, for the examples' tests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::App;
use tokenry::config::{Bytes, Config, DataDir, List};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A server with a database of its own, whose tokens are for `orders`; it ends when dropped.
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) http: reqwest::Client,
    calls: Arc<Mutex<Vec<Call>>>,
    upkeep: JoinHandle<()>,
    serving: JoinHandle<()>,
    ending: Arc<Notify>,
    _directory: TempDir,
}

/// What arrived at the server.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: SocketAddr,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config { data_dir: DataDir(directory.path().to_owned()), ..Config::default() };
        config.password.memory = Bytes(64 << 10);
        config.password.iterations = 1;
        config.rate_limit.enabled = false;
        config.token.audience = List(vec!["orders".to_owned()]);
        change(&mut config);
        let app = App::open(config, address).await.unwrap();
        let calls = Arc::default();
        let router = app.router().layer(from_fn({
            let calls = Arc::clone(&calls);
            move |request, next| note(Arc::clone(&calls), request, next)
        }));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let upkeep = tokio::spawn(Arc::clone(&app).upkeep());
        let ending = Arc::new(Notify::new());
        let ended = Arc::clone(&ending).notified_owned();
        let serving =
            tokio::spawn(async move { axum::serve(listener, service).with_graceful_shutdown(ended).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { name: format!("http://{address}"), http, calls, upkeep, serving, ending, _directory: directory }
    }

    /// Signs up, and returns the access token.
    pub(crate) async fn signup(&self, name: &str) -> String {
        let request = self.http.post(format!("{}/v1/signup", self.name));
        let response = request.json(&json!({ "username": name, "password": PASSWORD })).send().await.unwrap();
        assert_eq!(response.status(), 201);
        response.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn logout(&self, token: &str) {
        let request = self.http.post(format!("{}/v1/logout", self.name)).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// Ends, with the connections that are kept open.
    pub(crate) async fn stop(&mut self) {
        self.ending.notify_one();
        (&mut self.serving).await.unwrap();
    }

    /// What arrived at this path since the last time.
    pub(crate) fn take_calls(&self, path: &str) -> Vec<Call> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().filter(|call| call.path == path).collect()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.upkeep.abort();
        self.serving.abort();
    }
}

async fn note(calls: Arc<Mutex<Vec<Call>>>, request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get() {
        let call = Call { path: request.uri().path().to_owned(), headers: request.headers().clone(), peer: *peer };
        calls.lock().unwrap().push(call);
    }
    next.run(request).await
}

pub(crate) const PASSWORD: &str = "correct horse battery";
