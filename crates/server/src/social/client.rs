//! The one place that speaks HTTP with providers, within bounds: no redirects, one answer of 256 KiB in ten seconds, and
//! so many at once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::SocialError;
use super::error::excerpt;
use crate::config::is_loopback;

/// Asks one provider.
pub(super) struct Client {
    http: reqwest::Client,
    places: Semaphore,
    patience: Duration,
}

impl Client {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http, places: Semaphore::new(MOST_AT_ONCE), patience: PATIENCE }
    }

    /// What clients share: connections, and the authorities that they trust. `is_local`: for providers on this machine,
    /// for which no proxy is asked.
    pub(super) fn http(is_local: bool) -> Result<reqwest::Client, String> {
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| error.to_string())?
            .with_no_client_auth();
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(PATIENCE / 3)
            // GitHub refuses requests that do not say who asks.
            .user_agent(concat!("tokenry/", env!("CARGO_PKG_VERSION")));
        if is_local {
            http = http.no_proxy();
        }
        http.build().map_err(|error| error.to_string())
    }

    pub(super) fn get(&self, url: &Url) -> RequestBuilder {
        self.http.get(url.clone())
    }

    pub(super) fn post(&self, url: &Url) -> RequestBuilder {
        self.http.post(url.clone())
    }

    /// The answer as JSON, whatever its status, unless the provider is out of order.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, Value), SocialError> {
        let (status, body) = self.read(request).await?;
        let text = std::str::from_utf8(&body).map_err(|_| bad(status, "is not UTF-8"))?;
        tokenry_jwt::strict_json(text).map_err(|_| bad(status, "is not JSON"))?;
        let value: Value = serde_json::from_str(text).map_err(|_| bad(status, "is not JSON"))?;
        if value.is_object() { Ok((status, value)) } else { Err(bad(status, "is no object")) }
    }

    /// A document: the answer, if it is one of success.
    pub(super) async fn fetch(&self, url: &Url) -> Result<Vec<u8>, SocialError> {
        let (status, body) = self.read(self.get(url)).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(bad(status, "is no document")) }
    }

    /// A list that needs a token to be seen.
    pub(super) async fn list(&self, request: RequestBuilder) -> Result<Vec<Value>, SocialError> {
        let (status, body) = self.read(request).await?;
        if status != StatusCode::OK {
            return Err(bad(status, "is no list"));
        }
        serde_json::from_slice(&body).map_err(|_| bad(status, "is no list"))
    }

    async fn read(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), SocialError> {
        let Ok(_place) = self.places.try_acquire() else { return Err(SocialError::Slow) };
        let read = async {
            let mut answer: Response =
                request.header("accept", "application/json").send().await.map_err(unreachable)?;
            let status = answer.status();
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(SocialError::Unreachable(format!("it answered {}", status.as_u16())));
            }
            if status.is_redirection() {
                return Err(bad(status, "leads elsewhere"));
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
                if body.len() + chunk.len() > MOST_BYTES {
                    return Err(bad(status, "is longer than 256 KiB"));
                }
                body.extend_from_slice(&chunk);
            }
            Ok((status, body))
        };
        timeout(self.patience, read).await.map_err(|_| SocialError::Slow)?
    }
}

/// An address of a provider: https, or on this machine.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_safe && is_bare && url.host().is_some()).then_some(url)
}

fn bad(status: StatusCode, what: &str) -> SocialError {
    SocialError::BadAnswer(format!("its answer {} {what}", status.as_u16()))
}

/// Without the address, whose query may hold what is secret.
fn unreachable(error: reqwest::Error) -> SocialError {
    if error.is_timeout() {
        return SocialError::Slow;
    }
    let mut reason = error.without_url().to_string();
    reason.truncate(reason.floor_char_boundary(200));
    SocialError::Unreachable(reason)
}

/// What an answer says is wrong, in one word.
pub(super) fn error_of(answer: &Value) -> Option<String> {
    match &answer["error"] {
        Value::Null => None,
        Value::String(error) => Some(excerpt(error)),
        // Facebook's.
        other => Some(excerpt(other["type"].as_str().unwrap_or("error"))),
    }
}

/// How long an answer may take as a whole.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 256 * 1024;
const MOST_AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Path;
    use axum::routing::get;

    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in ["https://a.example/b?c", "http://127.0.0.1:1/", "http://localhost:80/", "https://a.example:8443"] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in
            ["", "a.example", "http://a.example", "https://kim@a.example", "https://a.example#b", "ftp://127.0.0.1"]
        {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = address(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();
        let client = Client { patience: Duration::from_millis(50), ..Client::new(Client::http(true).unwrap()) };
        assert_eq!(client.ask(client.get(&url)).await, Err(SocialError::Slow));
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_read_to_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let padded = |Path(blanks): Path<usize>| async move { format!("{{{}}}", " ".repeat(blanks)) };
        let server = tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/{blanks}", get(padded))).await.unwrap();
        });
        let client = Client::new(Client::http(true).unwrap());
        let ask = async |blanks| client.ask(client.get(&address(&format!("{url}{blanks}")).unwrap())).await;
        assert_eq!(ask(MOST_BYTES - 2).await, Ok((StatusCode::OK, serde_json::json!({}))));
        let longer = bad(StatusCode::OK, "is longer than 256 KiB");
        assert_eq!(ask(MOST_BYTES - 1).await, Err(longer));
        server.abort();
    }

    #[tokio::test]
    async fn so_many_are_asked_at_once() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = address(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();
        let client = Client::new(Client::http(true).unwrap());
        let _all = client.places.acquire_many(MOST_AT_ONCE as u32).await.unwrap();
        assert_eq!(client.ask(client.get(&url)).await, Err(SocialError::Slow));
    }

    #[test]
    fn an_error_is_a_word() {
        let of = |text: &str| error_of(&serde_json::from_str(text).unwrap());
        assert_eq!(of("{}"), None);
        assert_eq!(of(r#"{"error":"invalid_grant"}"#).as_deref(), Some("invalid_grant"));
        assert_eq!(of(r#"{"error":{"type":"OAuthException","message":"a b"}}"#).as_deref(), Some("OAuthException"));
        assert_eq!(of(r#"{"error":"a\nb c"}"#).as_deref(), Some("abc"));
    }
}
