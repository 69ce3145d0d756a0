//! Doubles of the providers that are known by name, built from their documentation (`docs/social.md` says where it is):
//! what they ask for, what they answer, and how each of them refuses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::{digest, hmac};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokenry::config::{Config, Secret, Social};
use tokenry_jwt::{Algorithm, JwkSet, KeySet, SigningKey, Verifier};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::upstream::Asked;
use crate::app::harness::START;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Google,
    Facebook,
    Kakao,
    Naver,
    Apple,
    Github,
    /// Known by its issuer alone.
    Openid,
}

/// A provider. It stops when it is dropped.
pub(super) struct Double {
    pub(super) kind: Kind,
    address: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

struct Inner {
    kind: Kind,
    address: String,
    /// Apple: the public half of the team's key.
    team: Option<KeySet>,
    books: Mutex<Books>,
}

pub(super) struct Books {
    pub(super) person: Person,
    pub(super) moods: HashMap<Place, Mood>,
    /// Changes an ID token before it is signed.
    pub(super) claims: fn(&mut Value),
    pub(super) forgery: Forgery,
    pub(super) keys: Vec<SigningKey>,
    /// Whether the secret that it knows is another.
    pub(super) has_other_secret: bool,
    pub(super) has_id_token: bool,
    codes: HashMap<String, Grant>,
    tokens: Vec<String>,
    key_fetches: usize,
}

struct Grant {
    nonce: Option<String>,
    challenge: Option<String>,
    state: String,
    redirect_uri: String,
}

/// Someone at the provider.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) subject: &'static str,
    pub(super) email: Option<&'static str>,
    /// What the provider says of it, in its own way.
    pub(super) verified: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Token,
    Profile,
    Keys,
}

/// How it behaves where it does not behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Broken,
    Html,
    Huge,
    Redirects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgery {
    None,
    /// `alg: none`.
    Unsigned,
    /// Keyed with the client's secret.
    Secret,
    /// Keyed with the public key.
    PublicKey,
    /// By a key that is not published, under the name of one that is.
    OtherKey,
}

pub(super) const NAMED: [Kind; 6] = [Kind::Google, Kind::Facebook, Kind::Kakao, Kind::Naver, Kind::Apple, Kind::Github];
pub(super) const WITH_ID_TOKEN: [Kind; 4] = [Kind::Google, Kind::Kakao, Kind::Apple, Kind::Openid];
pub(super) const ADMIN_KEY: &str = "the admin key";
const SECRET: &str = "a secret of 32 characters or more";

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Facebook => "facebook",
            Self::Kakao => "kakao",
            Self::Naver => "naver",
            Self::Apple => "apple",
            Self::Github => "github",
            Self::Openid => "openid",
        }
    }

    pub(super) fn has_pkce(self) -> bool {
        matches!(self, Self::Google | Self::Kakao | Self::Github | Self::Openid)
    }

    pub(super) fn has_id_token(self) -> bool {
        WITH_ID_TOKEN.contains(&self)
    }

    pub(super) fn has_profile(self) -> bool {
        !matches!(self, Self::Google | Self::Apple | Self::Openid)
    }

    fn client_refused(self) -> Response {
        let invalid = json!({ "error": "invalid_client" });
        match self {
            Self::Google | Self::Openid => answer(401, &invalid),
            Self::Kakao => answer(401, &json!({ "error": "invalid_client", "error_code": "KOE010" })),
            Self::Apple => answer(400, &invalid),
            Self::Naver => {
                let words = "wrong client id / client secret pair.";
                answer(200, &json!({ "error": "invalid_request", "error_description": words }))
            }
            Self::Github => answer(200, &json!({ "error": "incorrect_client_credentials" })),
            Self::Facebook => answer(400, &facebook_error("Error validating client secret.", 1, None)),
        }
    }

    fn code_refused(self) -> Response {
        match self {
            Self::Kakao => answer(400, &json!({ "error": "invalid_grant", "error_code": "KOE320" })),
            Self::Naver => {
                let words = "no valid data in session";
                answer(200, &json!({ "error": "invalid_request", "error_description": words }))
            }
            Self::Github => answer(200, &json!({ "error": "bad_verification_code" })),
            Self::Facebook => answer(400, &facebook_error("This authorization code has been used.", 100, Some(36009))),
            Self::Google | Self::Apple | Self::Openid => answer(400, &json!({ "error": "invalid_grant" })),
        }
    }
}

impl Double {
    pub(super) async fn start(kind: Kind, config: &mut Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut social = Social {
            client_id: Some("client".to_owned()),
            client_secret: Some(Secret::from(SECRET.to_owned())),
            ..Social::default()
        };
        let mut team = None;
        match kind {
            Kind::Openid => {
                social.issuer = Some(address.clone());
                social.trust_email = Some(true);
            }
            _ => {
                social.authorization_endpoint = Some(format!("{address}/authorize"));
                social.token_endpoint = Some(format!("{address}/token"));
                social.profile_endpoint = Some(format!("{address}/profile"));
                social.jwks_uri = Some(format!("{address}/jwks"));
            }
        }
        match kind {
            Kind::Kakao => social.admin_key = Some(Secret::from(ADMIN_KEY.to_owned())),
            Kind::Apple => {
                let (pem, key) = team_key();
                social.client_secret = None;
                social.team_id = Some("TEAM".to_owned());
                social.key_id = Some("KEY".to_owned());
                social.private_key = Some(Secret::from(pem));
                team = Some(KeySet::from(key.with_key_id("KEY").verifying_key()));
            }
            _ => {}
        }
        config.social.insert(kind.name().to_owned(), social);
        let books = Books {
            person: Person { subject: "1001", email: Some("kim@gmail.com"), verified: json!(true) },
            moods: HashMap::new(),
            claims: |_| {},
            forgery: Forgery::None,
            keys: vec![SigningKey::generate(Algorithm::Rs256).unwrap()],
            has_other_secret: false,
            has_id_token: kind.has_id_token(),
            codes: HashMap::new(),
            tokens: Vec::new(),
            key_fetches: 0,
        };
        let inner = Arc::new(Inner { kind, address: address.clone(), team, books: Mutex::new(books) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/profile", get(profile))
            .route("/profile/emails", get(emails))
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { kind, address, inner, server }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.inner.books.lock().unwrap()
    }

    pub(super) fn issuer(&self) -> &str {
        self.inner.issuer()
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn key_fetches(&self) -> usize {
        self.books().key_fetches
    }

    /// The person says yes: what the browser is sent back with.
    pub(super) fn consent(&self, asked: &Asked) -> String {
        let mut books = self.books();
        let code = format!("code{}", books.codes.len());
        let kind = self.kind;
        let grant = Grant {
            nonce: kind.has_id_token().then(|| asked.get("nonce").to_owned()),
            challenge: kind.has_pkce().then(|| asked.get("code_challenge").to_owned()),
            state: asked.get("state").to_owned(),
            redirect_uri: asked.get("redirect_uri").to_owned(),
        };
        books.codes.insert(code.clone(), grant);
        format!("code={code}&state={}", asked.get("state"))
    }

    /// Every code that was handed out has expired.
    pub(super) fn expire_codes(&self) {
        self.books().codes.clear();
    }

    /// A signed text of Facebook's.
    pub(super) fn signed_request(&self, said: &Value, secret: &str) -> String {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(said.to_string());
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
        format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn secret() -> &'static str {
        SECRET
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inner {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    fn issuer(&self) -> &str {
        match self.kind {
            Kind::Google => "https://accounts.google.com",
            Kind::Facebook => "https://www.facebook.com",
            Kind::Kakao => "https://kauth.kakao.com",
            Kind::Naver => "https://nid.naver.com",
            Kind::Apple => "https://appleid.apple.com",
            Kind::Github => "https://github.com/login/oauth",
            Kind::Openid => &self.address,
        }
    }

    fn misbehave(&self, place: Place) -> Option<Response> {
        let mood = self.books().moods.get(&place).copied()?;
        Some(match mood {
            Mood::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response(),
            Mood::Html => Html("<h1>Log in to the network</h1>").into_response(),
            Mood::Huge => vec![b' '; 10 << 20].into_response(),
            Mood::Redirects => Redirect::temporary("http://127.0.0.1:1/latest/meta-data").into_response(),
        })
    }

    fn is_client(&self, form: &HashMap<String, String>, headers: &HeaderMap) -> bool {
        if self.books().has_other_secret {
            return false;
        }
        if self.kind == Kind::Openid {
            let expected = base64::prelude::BASE64_STANDARD.encode(format!("client:{}", SECRET.replace(' ', "+")));
            return headers["authorization"] == format!("Basic {expected}");
        }
        let shown = form.get("client_secret").map(String::as_str).unwrap_or_default();
        let Some(team) = &self.team else { return form["client_id"] == "client" && shown == SECRET };
        let verifier = Verifier::new("TEAM", ["https://appleid.apple.com"]).typ("JWT");
        verifier.verify(shown, team, START).is_ok_and(|claims| claims.subject() == form["client_id"])
    }

    fn id_token(&self, nonce: &str) -> String {
        let books = self.books();
        let mut claims = json!({
            "iss": self.issuer(),
            "sub": books.person.subject,
            "aud": "client",
            "exp": START + 86_400,
            "iat": START,
            "nonce": nonce,
        });
        // Kakao's says nothing about whether it was verified.
        if let Some(email) = books.person.email {
            claims["email"] = json!(email);
            if self.kind != Kind::Kakao && !books.person.verified.is_null() {
                claims["email_verified"] = books.person.verified.clone();
            }
        }
        (books.claims)(&mut claims);
        let key = books.keys.last().unwrap();
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        match books.forgery {
            Forgery::None => key.sign("JWT", &claims).unwrap(),
            Forgery::Unsigned => format!("{}.{}.", encode(&json!({ "alg": "none", "typ": "JWT" })), encode(&claims)),
            Forgery::Secret => shared(SECRET.as_bytes(), key.key_id()).sign("JWT", &claims).unwrap(),
            Forgery::PublicKey => {
                let public = serde_json::to_vec(&key.public_jwk()).unwrap();
                shared(&public, key.key_id()).sign("JWT", &claims).unwrap()
            }
            Forgery::OtherKey => {
                let other = SigningKey::generate(Algorithm::Rs256).unwrap().with_key_id(key.key_id());
                other.sign("JWT", &claims).unwrap()
            }
        }
    }
}

async fn metadata(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let at = &inner.address;
    Json(json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/jwks"),
    }))
}

async fn keys(State(inner): State<Arc<Inner>>) -> Response {
    inner.books().key_fetches += 1;
    if let Some(answer) = inner.misbehave(Place::Keys) {
        return answer;
    }
    let keys = inner.books().keys.iter().map(|key| key.public_jwk().unwrap()).collect();
    JwkSet { keys }.to_json().into_response()
}

async fn token(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    if let Some(answer) = inner.misbehave(Place::Token) {
        return answer;
    }
    let kind = inner.kind;
    if !inner.is_client(&form, &headers) {
        return kind.client_refused();
    }
    let Some(grant) = inner.books().codes.remove(&form["code"]) else { return kind.code_refused() };
    let is_bound = match &grant.challenge {
        None => !form.contains_key("code_verifier"),
        Some(challenge) => {
            let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
            BASE64_URL_SAFE_NO_PAD.encode(hash) == *challenge
        }
    };
    let is_same = form["redirect_uri"] == grant.redirect_uri;
    let is_naver = kind != Kind::Naver || form.get("state") == Some(&grant.state);
    if !is_bound || !is_same || !is_naver || form["grant_type"] != "authorization_code" {
        return kind.code_refused();
    }
    let id_token = grant.nonce.map(|nonce| inner.id_token(&nonce));
    let mut books = inner.books();
    let access = format!("access{}", books.tokens.len());
    books.tokens.push(access.clone());
    let mut answer = json!({ "access_token": access, "token_type": "bearer", "expires_in": 3600 });
    if let Some(id_token) = id_token.filter(|_| books.has_id_token) {
        answer["id_token"] = json!(id_token);
    }
    Json(answer).into_response()
}

async fn profile(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(answer) = inner.misbehave(Place::Profile) {
        return answer;
    }
    let books = inner.books();
    let Some(access) = bearer(&headers).filter(|token| books.tokens.contains(token)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let person = &books.person;
    let number = || json!(person.subject.parse::<u64>().unwrap());
    let answer = match inner.kind {
        Kind::Kakao => {
            let account = match person.email {
                None => json!({ "email_needs_agreement": true }),
                Some(email) => {
                    let said = &person.verified;
                    json!({ "email": email, "is_email_valid": said, "is_email_verified": said })
                }
            };
            json!({ "id": number(), "kakao_account": account })
        }
        Kind::Naver => {
            let mut response = json!({ "id": person.subject, "name": "김" });
            if let Some(email) = person.email {
                response["email"] = json!(email);
            }
            json!({ "resultcode": "00", "message": "success", "response": response })
        }
        Kind::Github => {
            assert!(headers["user-agent"].to_str().unwrap().starts_with("tokenry/"));
            json!({ "id": number(), "login": "kim", "name": null, "email": null })
        }
        Kind::Facebook => {
            let proof = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), access.as_bytes());
            let proof: String = proof.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(query["appsecret_proof"], proof);
            let mut answer = json!({ "id": person.subject, "name": "Kim" });
            if let Some(email) = person.email {
                answer["email"] = json!(email);
            }
            answer
        }
        Kind::Google | Kind::Apple | Kind::Openid => return StatusCode::NOT_FOUND.into_response(),
    };
    Json(answer).into_response()
}

async fn emails(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let books = inner.books();
    if bearer(&headers).is_none_or(|token| !books.tokens.contains(&token)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let other = json!({ "email": "other@example.com", "primary": false, "verified": true });
    let person = &books.person;
    let own = person.email.map(|email| json!({ "email": email, "primary": true, "verified": person.verified }));
    Json([Some(other), own].into_iter().flatten().collect::<Vec<_>>()).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned)
}

fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body.clone())).into_response()
}

fn facebook_error(message: &str, code: u32, subcode: Option<u32>) -> Value {
    json!({ "error": { "message": message, "type": "OAuthException", "code": code, "error_subcode": subcode } })
}

fn shared(secret: &[u8], kid: &str) -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, secret).unwrap().with_key_id(kid)
}

/// A key as Apple hands it out: PKCS #8 in PEM.
fn team_key() -> (String, SigningKey) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let body = base64::prelude::BASE64_STANDARD.encode(key.to_bytes());
    (format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"), key)
}
