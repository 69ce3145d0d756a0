//! The one place where a guard talks to its issuer: discovery, keys, snapshot and events, each within bounds.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Response, header::AUTHORIZATION};
use serde::Deserialize;
use url::{Host, Url};

use crate::ConnectError;

/// An issuer at its address.
pub(crate) struct Issuer {
    name: String,
    url: Url,
    http: reqwest::Client,
    feed_token: Option<HeaderValue>,
}

/// Where the issuer keeps what a guard needs (RFC 8414).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) jwks: Url,
    /// `None`: it has no revocation feed.
    pub(crate) revocations: Option<Url>,
}

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0}")]
    Http(String),
    #[error("the answer's status is {0}")]
    Status(StatusCode),
    #[error("the answer is larger than it may be")]
    TooLarge,
    #[error("no answer in time")]
    Slow,
    #[error("the metadata is malformed")]
    Metadata,
    #[error("the metadata is that of another issuer")]
    OtherIssuer,
    #[error("{0} is not at the issuer's own origin")]
    OtherOrigin(&'static str),
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    tokenry_revocations_endpoint: Option<String>,
}

impl Issuer {
    /// Checks the address and prepares the client.
    pub(crate) fn new(name: &str, feed_token: Option<&str>, allow_http: bool) -> Result<Self, ConnectError> {
        let url = Url::parse(name).map_err(|_| ConnectError::Issuer("it is not a URL"))?;
        let is_loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback || allow_http => {}
            "http" => return Err(ConnectError::Issuer("http is for loopback only")),
            _ => return Err(ConnectError::Issuer("it is not an https URL")),
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(ConnectError::Issuer("it has a query, a fragment or credentials"));
        }
        let feed_token = feed_token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))).transpose();
        let mut feed_token = feed_token.map_err(|_| ConnectError::FeedToken)?;
        feed_token.iter_mut().for_each(|token| token.set_sensitive(true));
        let mut http = reqwest::Client::builder().redirect(Policy::none()).connect_timeout(PATIENCE).referer(false);
        if is_loopback {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| ConnectError::Client(chain(&error)))?;
        Ok(Self { name: name.to_owned(), url, http, feed_token })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks the issuer where things are.
    pub(crate) async fn discover(&self) -> Result<Endpoints, FetchError> {
        let (between, behind) = self.metadata_urls();
        let metadata = match self.fetch(&between, MAX_METADATA).await {
            // An application that nests its issuer under a path serves the metadata under it.
            Err(FetchError::Status(StatusCode::NOT_FOUND)) if between != behind => {
                self.fetch(&behind, MAX_METADATA).await?
            }
            answer => answer?,
        };
        let text = std::str::from_utf8(&metadata).map_err(|_| FetchError::Metadata)?;
        tokenry_jwt::strict_json(text).map_err(|_| FetchError::Metadata)?;
        let metadata: Metadata = serde_json::from_str(text).map_err(|_| FetchError::Metadata)?;
        if metadata.issuer != self.name {
            return Err(FetchError::OtherIssuer);
        }
        Ok(Endpoints {
            jwks: self.own(&metadata.jwks_uri, "jwks_uri")?,
            revocations: metadata
                .tokenry_revocations_endpoint
                .map(|url| self.own(&url, "tokenry_revocations_endpoint"))
                .transpose()?,
        })
    }

    /// A document of at most `limit` bytes; redirects are not followed.
    pub(crate) async fn fetch(&self, url: &Url, limit: usize) -> Result<Bytes, FetchError> {
        let fetch = async {
            let request = self.http.get(url.clone()).header(ACCEPT, "application/json, application/jwk-set+json");
            let mut answer = succeeded(request.header(CACHE_CONTROL, "no-cache").send().await?)?;
            if answer.content_length().is_some_and(|length| length > limit as u64) {
                return Err(FetchError::TooLarge);
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > limit {
                    return Err(FetchError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(body.into())
        };
        tokio::time::timeout(PATIENCE, fetch).await.map_err(|_| FetchError::Slow)?
    }

    /// The revocation feed: its snapshot, or with a place, the events behind it. The body is still to be read.
    pub(crate) async fn revocations(&self, url: &Url, after: Option<&str>) -> Result<Response, FetchError> {
        let mut request = self.http.get(url.clone()).header(CACHE_CONTROL, "no-cache");
        if let Some(token) = &self.feed_token {
            request = request.header(AUTHORIZATION, token);
        }
        request = match after {
            None => request.header(ACCEPT, "application/json"),
            Some(place) => request.header(ACCEPT, "text/event-stream").header(LAST_EVENT_ID, place),
        };
        let answer = tokio::time::timeout(PATIENCE, request.send()).await.map_err(|_| FetchError::Slow)?;
        succeeded(answer?)
    }

    /// RFC 8414 section 3.1: between host and path; and as OpenID Connect Discovery has it, behind the path.
    fn metadata_urls(&self) -> (Url, Url) {
        let path = self.url.path().trim_end_matches('/');
        let (mut between, mut behind) = (self.url.clone(), self.url.clone());
        between.set_path(&format!("{WELL_KNOWN}{path}"));
        behind.set_path(&format!("{path}{WELL_KNOWN}"));
        (between, behind)
    }

    /// Who answers in another's name must not choose where the keys come from.
    fn own(&self, url: &str, what: &'static str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Metadata)?;
        let is_own = url.origin() == self.url.origin() && url.username().is_empty() && url.password().is_none();
        if is_own { Ok(url) } else { Err(FetchError::OtherOrigin(what)) }
    }
}

fn succeeded(answer: Response) -> Result<Response, FetchError> {
    match answer.status() {
        StatusCode::OK => Ok(answer),
        status => Err(FetchError::Status(status)),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(chain(&error))
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// How long an answer may take as a whole; an event stream, to begin.
const PATIENCE: Duration = Duration::from_secs(5);
const MAX_METADATA: usize = 64 * 1024;
/// What a key set may measure.
pub(crate) const MAX_JWKS: usize = 256 * 1024;
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(issuer: &str) -> bool {
        Issuer::new(issuer, None, false).is_err()
    }

    #[test]
    fn an_issuer_is_an_https_url_or_on_this_machine() {
        for good in
            ["https://a.example", "https://a.example/auth", "http://127.0.0.1:1", "http://[::1]", "http://localhost"]
        {
            assert!(!refused(good), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "http://a.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "ftp://a.example",
            "https://a.example?b",
            "https://a.example#b",
            "https://kim:secret@a.example",
        ] {
            assert!(refused(bad), "{bad}");
        }
        assert!(Issuer::new("http://a.example", None, true).is_ok());
        assert!(Issuer::new("https://a.example", Some("a\nb"), false).is_err());
    }

    #[test]
    fn the_metadata_of_an_issuer_with_a_path_stands_between_or_behind() {
        let urls = |issuer| {
            let (between, behind) = Issuer::new(issuer, None, false).unwrap().metadata_urls();
            (between.to_string(), behind.to_string())
        };
        let (between, behind) = urls("https://a.example/auth");
        assert_eq!(between, "https://a.example/.well-known/oauth-authorization-server/auth");
        assert_eq!(behind, "https://a.example/auth/.well-known/oauth-authorization-server");
        let (between, behind) = urls("https://a.example");
        assert_eq!(between, behind);
    }

    #[test]
    fn only_the_issuers_own_origin_has_its_keys() {
        let issuer = Issuer::new("https://a.example/auth", None, false).unwrap();
        let own = |url: &str| issuer.own(url, "jwks_uri").is_ok();
        assert!(own("https://a.example/keys") && own("https://a.example:443/auth/jwks.json"));
        for other in
            ["https://b.example/keys", "http://a.example/keys", "https://a.example:8443/keys", "https://x@a.example/"]
        {
            assert!(!own(other), "{other}");
        }
    }
}
