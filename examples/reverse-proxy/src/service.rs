//! The service. It verifies nothing and believes its headers: so it listens on a socket that only the proxy can open.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// Serves in the background. Whose the folder is, and nobody else, can call.
pub(crate) fn start(socket: &Path) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    let listener = UnixListener::bind(socket)?;
    Ok(tokio::spawn(async move { axum::serve(listener, application()).await }))
}

fn application() -> Router {
    Router::new().route("/orders", get(orders)).route("/orders", post(order)).route("/headers", get(all))
}

async fn orders(headers: HeaderMap) -> Result<String, StatusCode> {
    Ok(format!("hello {} ({})", text(&headers, "tokenry-username"), caller(&headers)?))
}

async fn order(headers: HeaderMap, body: String) -> Result<String, StatusCode> {
    Ok(format!("{} orders {body}", caller(&headers)?))
}

/// What arrives here of a request.
async fn all(headers: HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// Nobody comes here without a subject, unless the proxy forgot to ask.
fn caller(headers: &HeaderMap) -> Result<&str, StatusCode> {
    match text(headers, "tokenry-subject") {
        "" => Err(StatusCode::INTERNAL_SERVER_ERROR),
        subject => Ok(subject),
    }
}

/// Percent-encoded, as Tokenry sends it.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_subject_nothing_is_served() {
        for (name, value) in [("tokenry-username", "kim"), ("tokenry-subject", "")] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(orders(headers).await, Err(StatusCode::INTERNAL_SERVER_ERROR));
        }
    }
}
