//! `/dev/outbox`: the mails of a server in development. They hold links that log in, so only this machine sees them, and
//! in a browser only this very page.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT, FORWARDED, VIA};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::client;
use super::cookie::is_of_this_origin;
use super::pages::{Language, Page};
use super::problem::{self, ApiError};
use crate::App;
use crate::mail::{Composed, Mailer};

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage<'a> {
    page: &'a Page,
    title: &'static str,
    lead: &'static str,
    open: &'static str,
    mails: Vec<Composed>,
}

pub(super) async fn show(State(app): State<Arc<App>>, page: Page, request: Request) -> Result<Response, ApiError> {
    let Mailer::Outbox(outbox) = &app.post.mailer else { return Err(problem::no_such_path().await) };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    if !is_this_machine(peer, request.uri(), request.headers()) || !is_of_this_origin(request.uri(), request.headers())
    {
        return Err(problem::no_such_path().await);
    }
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.starts_with("application/json") {
        return Ok(Json(json!({ "mails": outbox.mails() })).into_response());
    }
    let [title, lead, open] = match page.language {
        Language::English => {
            ["Outbox", "In development no mail is sent: it is kept here until the server stops.", "open the link"]
        }
        Language::Korean => {
            ["보낸 편지함", "개발 중에는 메일을 보내지 않고, 서버가 멈출 때까지 여기에 모읍니다.", "링크 열기"]
        }
    };
    Ok(page.show(StatusCode::OK, &OutboxPage { page: &page, title, lead, open, mails: outbox.mails() }))
}

/// Whether the request was made on this machine, through no proxy, and not by a page of a site whose name was made to
/// lead here (DNS rebinding).
fn is_this_machine(peer: Option<SocketAddr>, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(host) = client::host(uri, headers) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    let is_forwarded = headers.contains_key(FORWARDED)
        || headers.contains_key(VIA)
        || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"));
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) && is_local && !is_forwarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_looks_into_the_outbox() {
        let seen = |peer: &str, headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            is_this_machine(Some(peer.parse().unwrap()), &Uri::from_static("/dev/outbox"), &map)
        };
        assert!(seen("127.0.0.1:1", &[("host", "127.0.0.1:7519")]));
        assert!(seen("[::1]:1", &[("host", "[::1]:7519")]));
        assert!(seen("[::ffff:127.0.0.1]:1", &[("host", "localhost")]));
        assert!(!seen("192.0.2.1:1", &[("host", "127.0.0.1:7519")]));
        assert!(!seen("127.0.0.1:1", &[]));
        assert!(!seen("127.0.0.1:1", &[("host", "localhost"), ("host", "evil.example")]));
        assert!(!seen("127.0.0.1:1", &[("host", "evil.example:7519")]));
        assert!(!seen("127.0.0.1:1", &[("host", "127.0.0.1.evil.example")]));
        assert!(!seen("127.0.0.1:1", &[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")]));
        assert!(!seen("127.0.0.1:1", &[("host", "localhost"), ("x-forwarded-host", "evil.example")]));
        assert!(!seen("127.0.0.1:1", &[("host", "localhost"), ("forwarded", "for=192.0.2.1")]));
        assert!(!seen("127.0.0.1:1", &[("host", "localhost"), ("via", "1.1 proxy")]));
    }
}
