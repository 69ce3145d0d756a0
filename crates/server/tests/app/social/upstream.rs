//! An OpenID provider of a test's own, on a port of this machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::digest;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokenry::config::{Config, Secret, Social};
use tokenry_jwt::{Algorithm, JwkSet, SigningKey};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::app::harness::START;

/// The provider. It stops when it is dropped.
pub(crate) struct Upstream {
    pub(crate) issuer: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

struct Inner {
    key: SigningKey,
    state: Mutex<Books>,
}

/// What the provider knows.
#[derive(Default)]
struct Books {
    issuer: String,
    codes: HashMap<String, Grant>,
    mood: Mood,
    asked: usize,
}

struct Grant {
    person: Person,
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

/// Someone at the provider.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    pub(crate) subject: &'static str,
    pub(crate) email: Option<(&'static str, bool)>,
}

/// How the provider's token endpoint behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Fine,
    Broken,
    Html,
    OtherNonce,
    OtherAudience,
    RefusesCodes,
}

/// Where a browser is sent, taken apart.
pub(crate) struct Asked {
    pub(crate) address: Url,
    parameters: HashMap<String, String>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Inner { key: SigningKey::generate(Algorithm::Es256).unwrap(), state: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        inner.books().issuer.clone_from(&issuer);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, inner, server }
    }

    /// Switches it on under a name.
    pub(crate) fn configure(&self, name: &str, config: &mut Config) {
        let social = Social {
            client_id: Some("tokenry".to_owned()),
            client_secret: Some(Secret::from("a secret that the provider knows".to_owned())),
            issuer: Some(self.issuer.clone()),
            label: Some(format!("Provider {name}")),
            ..Social::default()
        };
        config.social.insert(name.to_owned(), social);
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.inner.books().mood = mood;
    }

    /// How often its token endpoint was asked.
    pub(crate) fn asked(&self) -> usize {
        self.inner.books().asked
    }

    /// The person says yes: the parameters with which the browser is sent back.
    pub(crate) fn consent(&self, asked: &Asked, person: Person) -> String {
        let mut books = self.inner.books();
        let code = format!("code{}", books.codes.len());
        let grant = Grant {
            person,
            nonce: asked.get("nonce").to_owned(),
            challenge: asked.get("code_challenge").to_owned(),
            redirect_uri: asked.get("redirect_uri").to_owned(),
        };
        books.codes.insert(code.clone(), grant);
        format!("code={code}&state={}", asked.get("state"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inner {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.state.lock().unwrap()
    }
}

impl Asked {
    pub(crate) fn read(address: &str) -> Self {
        let address = Url::parse(address).unwrap_or_else(|error| panic!("{error}: {address}"));
        let parameters = address.query_pairs().into_owned().collect();
        Self { address, parameters }
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        self.parameters.get(name).unwrap_or_else(|| panic!("{name} is not in {}", self.address))
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let issuer = inner.books().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(inner): State<Arc<Inner>>) -> String {
    JwkSet { keys: vec![inner.key.public_jwk().unwrap()] }.to_json()
}

async fn token(State(inner): State<Arc<Inner>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut books = inner.books();
    books.asked += 1;
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    match books.mood {
        Mood::Broken => return (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response(),
        Mood::Html => return Html("<h1>Log in to the network</h1>").into_response(),
        Mood::RefusesCodes => return refused(),
        Mood::Fine | Mood::OtherNonce | Mood::OtherAudience => {}
    }
    let Some(grant) = books.codes.remove(&form["code"]) else { return refused() };
    let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    if BASE64_URL_SAFE_NO_PAD.encode(hash) != grant.challenge || form["redirect_uri"] != grant.redirect_uri {
        return refused();
    }
    let claims = json!({
        "iss": books.issuer,
        "sub": grant.person.subject,
        "aud": if books.mood == Mood::OtherAudience { "another" } else { "tokenry" },
        "exp": START + 86_400,
        "iat": START,
        "nonce": if books.mood == Mood::OtherNonce { "another" } else { &grant.nonce },
        "email": grant.person.email.map(|(address, _)| address),
        "email_verified": grant.person.email.is_some_and(|(_, verified)| verified),
    });
    let id_token = inner.key.sign("JWT", &claims).unwrap();
    let token = json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": id_token });
    Json(token).into_response()
}
