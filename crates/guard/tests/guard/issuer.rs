//! An issuer of which every byte is the test's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokenry_guard::jwt::{Algorithm, SigningKey};
use tokenry_guard::testing::MovableClock;
use tokenry_guard::{Builder, Clock, Freshness, Guard};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) const START: i64 = 1_764_000_000;

/// An issuer on a loopback port, until it is dropped.
pub(crate) struct FakeIssuer {
    pub(crate) name: String,
    pub(crate) key: SigningKey,
    pub(crate) clock: MovableClock,
    pub(crate) answers: Arc<Answers>,
    chain: Mutex<Chain>,
    server: JoinHandle<()>,
}

/// What it answers, and how often it did.
#[derive(Default)]
pub(crate) struct Answers {
    metadata: Mutex<Canned>,
    jwks: Mutex<Canned>,
    snapshot: Mutex<Canned>,
    subscribers: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
    pub(crate) jwks_fetches: AtomicUsize,
    pub(crate) snapshots: AtomicUsize,
    pub(crate) subscriptions: Mutex<Vec<String>>,
    /// The `Authorization` headers that came, with the paths.
    pub(crate) credentials: Mutex<Vec<(String, String)>>,
}

/// An answer: status, headers, body; after how long.
#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
}

/// The feed as it should be.
#[derive(Default)]
struct Chain {
    entries: Vec<Value>,
    digest: [u8; 32],
}

impl Default for Canned {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO }
    }
}

impl From<&Value> for Canned {
    fn from(body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::default() }
    }
}

impl FakeIssuer {
    /// An issuer with one key and no revocation.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Answers::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&answers));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let issuer = Self { name, key, clock: MovableClock::at(START), answers, chain: Mutex::default(), server };
        issuer.set_metadata(&issuer.metadata());
        issuer.publish(&[&issuer.key]);
        issuer.set_snapshot(&issuer.snapshot());
        issuer
    }

    pub(crate) fn builder(&self) -> Builder {
        // Its feed speaks when a test wants it to.
        Guard::builder(&self.name, "orders").clock(self.clock.clone()).silence(Duration::from_secs(600))
    }

    /// A guard that follows this issuer, and is fresh.
    pub(crate) async fn guard(&self) -> Guard {
        let guard = self.builder().connect().await.unwrap();
        self.subscribed(1).await;
        until(|| guard.status().freshness == Freshness::Fresh).await;
        guard
    }

    pub(crate) fn metadata(&self) -> Value {
        json!({
            "issuer": self.name, "jwks_uri": format!("{}/jwks", self.name),
            "tokenry_revocations_endpoint": format!("{}/feed", self.name),
        })
    }

    pub(crate) fn set_metadata(&self, metadata: &Value) {
        *self.answers.metadata.lock().unwrap() = metadata.into();
    }

    pub(crate) fn set_metadata_answer(&self, answer: Canned) {
        *self.answers.metadata.lock().unwrap() = answer;
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk().unwrap()).collect();
        self.set_jwks((&json!({ "keys": keys })).into());
    }

    pub(crate) fn set_jwks(&self, answer: Canned) {
        *self.answers.jwks.lock().unwrap() = answer;
    }

    pub(crate) fn set_snapshot(&self, snapshot: &Value) {
        *self.answers.snapshot.lock().unwrap() = snapshot.into();
    }

    pub(crate) fn set_snapshot_answer(&self, answer: Canned) {
        *self.answers.snapshot.lock().unwrap() = answer;
    }

    pub(crate) fn jwks_fetches(&self) -> usize {
        self.answers.jwks_fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.answers.snapshots.load(Ordering::SeqCst)
    }

    /// A token of this issuer.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.token_of(&self.key, subject)
    }

    pub(crate) fn token_of(&self, key: &SigningKey, subject: &str) -> String {
        let now = self.clock.now();
        let claims = json!({
            "iss": self.name, "aud": "orders", "sub": subject, "iat": now, "exp": now + 7200,
            "jti": format!("jti of {subject}"), "sid": format!("sid of {subject}"),
        });
        key.sign("at+jwt", &claims).unwrap()
    }

    /// Appends to the feed, without telling anyone.
    pub(crate) fn append(&self, kind: &str, value: &str, before: Option<i64>) -> Value {
        let mut chain = self.chain.lock().unwrap();
        let seq = chain.entries.len() + 1;
        let mut entry = json!({
            "seq": seq, "tag": format!("{:016x}", seq * 7919), "kind": kind, "value": value, "until": START + 3670,
        });
        if let Some(before) = before {
            entry["before"] = before.into();
        }
        chain.digest = following(&chain.digest, &entry);
        chain.entries.push(entry.clone());
        entry
    }

    /// Appends to the feed and tells all who follow it.
    pub(crate) fn revoke(&self, kind: &str, value: &str) {
        let entry = self.append(kind, value, None);
        self.say(&event("revocation", &entry.to_string()));
        self.beat();
    }

    /// The signed statement of where the feed stands.
    pub(crate) fn statement(&self) -> String {
        self.statement_by(&self.key, self.clock.now())
    }

    pub(crate) fn statement_by(&self, key: &SigningKey, at: i64) -> String {
        let chain = self.chain.lock().unwrap();
        let claims = json!({
            "iss": self.name, "iat": at, "seq": chain.entries.len(), "digest": text(&chain.digest),
        });
        key.sign("revocations+jwt", &claims).unwrap()
    }

    pub(crate) fn snapshot(&self) -> Value {
        self.snapshot_by(&self.key, self.clock.now())
    }

    pub(crate) fn snapshot_by(&self, key: &SigningKey, at: i64) -> Value {
        let chain = self.chain.lock().unwrap();
        let seq = chain.entries.len();
        let claims = json!({
            "iss": self.name, "iat": at, "seq": seq, "digest": text(&chain.digest), "base": text(&[0; 32]),
        });
        let tag = chain.entries.last().map_or("0000000000000000".into(), |entry| entry["tag"].clone());
        let heartbeat = key.sign("revocations+jwt", &claims).unwrap();
        json!({ "seq": seq, "tag": tag, "entries": chain.entries, "heartbeat": heartbeat })
    }

    pub(crate) fn beat(&self) {
        self.say(&event("heartbeat", &self.statement()));
    }

    /// Sends these bytes to all who follow the feed.
    pub(crate) fn say(&self, text: &str) {
        let mut subscribers = self.answers.subscribers.lock().unwrap();
        subscribers.retain(|subscriber| subscriber.send(Bytes::copy_from_slice(text.as_bytes())).is_ok());
    }

    /// Ends all event streams.
    pub(crate) fn cut(&self) {
        self.answers.subscribers.lock().unwrap().clear();
    }

    /// How many follow the feed, as far as was noticed when something was last said.
    pub(crate) fn listeners(&self) -> usize {
        self.answers.subscribers.lock().unwrap().len()
    }

    /// Waits until so many subscriptions were made, ever.
    pub(crate) async fn subscribed(&self, times: usize) {
        until(|| self.answers.subscriptions.lock().unwrap().len() >= times).await;
    }

    /// Goes down: nobody answers any more.
    pub(crate) fn stop(&self) {
        self.cut();
        self.server.abort();
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// Waits until something holds; for half a minute at most.
#[track_caller]
pub(crate) fn until(holds: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..6000 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never held, at {caller}");
    }
}

/// The chain of digests.
fn following(before: &[u8; 32], entry: &Value) -> [u8; 32] {
    let number = |name: &str| entry[name].as_u64().unwrap_or(0);
    let tag = u64::from_str_radix(entry["tag"].as_str().unwrap(), 16).unwrap();
    let mut bytes = before.to_vec();
    for number in [number("seq"), tag, number("before"), number("until")] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(format!("{}:{}", entry["kind"].as_str().unwrap(), entry["value"].as_str().unwrap()).bytes());
    digest(&SHA256, &bytes).as_ref().try_into().unwrap()
}

fn text(digest: &[u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let header = |name| request.headers.get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    let path = request.uri.path().to_owned();
    answers.credentials.lock().unwrap().push((path.clone(), header("authorization")));
    let canned = match path.as_str() {
        "/.well-known/oauth-authorization-server" => answers.metadata.lock().unwrap().clone(),
        "/jwks" => {
            answers.jwks_fetches.fetch_add(1, Ordering::SeqCst);
            answers.jwks.lock().unwrap().clone()
        }
        "/feed" if header("accept") == "text/event-stream" => return subscribe(&answers, header("last-event-id")),
        "/feed" => {
            answers.snapshots.fetch_add(1, Ordering::SeqCst);
            answers.snapshot.lock().unwrap().clone()
        }
        _ => Canned { status: 404, ..Canned::default() },
    };
    tokio::time::sleep(canned.delay).await;
    let mut response = Response::builder().status(StatusCode::from_u16(canned.status).unwrap());
    for (name, value) in canned.headers {
        response = response.header(name, value);
    }
    response.body(canned.body.into()).unwrap()
}

fn subscribe(answers: &Answers, last: String) -> Response {
    let (sender, receiver) = mpsc::unbounded_channel();
    answers.subscribers.lock().unwrap().push(sender);
    answers.subscriptions.lock().unwrap().push(last);
    let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
        let bytes = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), receiver))
    });
    Response::builder().header("content-type", "text/event-stream").body(Body::from_stream(stream)).unwrap()
}
