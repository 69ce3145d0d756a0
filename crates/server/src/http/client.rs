//! The client as a request shows it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri};
use tokenry_domain::authority::Context;
use tokenry_domain::mail::Language;
use tokenry_domain::refresh::RequestKey;
use tokenry_domain::session::{Client, MAX_DEVICE_BYTES};

use super::pages;
use super::problem::ApiError;
use crate::App;
use crate::config::Networks;

/// Address, device and `Idempotency-Key` of a request.
pub(crate) struct Caller(pub Context);

/// The address of a request alone.
pub(crate) struct Address(pub Option<IpAddr>);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let client = Client { address: address_of(parts, app), device: device(&parts.headers) };
        Ok(Self(Context { client, key: key(&parts.headers)?, language: language(&parts.headers) }))
    }
}

impl FromRequestParts<Arc<App>> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self(address_of(parts, app)))
    }
}

fn address_of(parts: &Parts, app: &App) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address(peer.ip(), &parts.headers, &app.config.server.trusted_proxies))
}

/// The name, with its port, that a request knows this server by. HTTP/2 has it in the request's own address.
pub(super) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut named = headers.get_all(HOST).iter();
    match (uri.authority(), named.next(), named.next()) {
        (Some(authority), ..) => Some(authority.as_str()),
        (None, Some(host), None) => host.to_str().ok(),
        (None, ..) => None,
    }
}

/// The nearest address that is no trusted proxy: each proxy appends whom it spoke to.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let mut nearest = peer.to_canonical();
    // What can't be read is a hop, too: no one may hide what a proxy has put behind it.
    let hops: Vec<&[u8]> =
        headers.get_all(&FORWARDED_FOR).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    for hop in hops.iter().rev() {
        if !trusted.contain(nearest) {
            break;
        }
        match std::str::from_utf8(hop).ok().and_then(|hop| parse_hop(hop.trim())) {
            Some(address) => nearest = address.to_canonical(),
            None => break,
        }
    }
    nearest
}

/// An address, with or without a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn device(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(MAX_DEVICE_BYTES).collect())
}

fn language(headers: &HeaderMap) -> Language {
    match pages::Language::of(headers) {
        pages::Language::English => Language::English,
        pages::Language::Korean => Language::Korean,
    }
}

fn key(headers: &HeaderMap) -> Result<Option<RequestKey>, ApiError> {
    let mut values = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.as_bytes();
    let plain = text.iter().all(|byte| (b'!'..=b'~').contains(byte));
    if values.next().is_some() || text.is_empty() || text.len() > MAX_KEY_BYTES || !plain {
        let detail = format!("Idempotency-Key takes one value of 1 to {MAX_KEY_BYTES} visible ASCII characters");
        return Err(ApiError::invalid_request(detail));
    }
    Ok(Some(RequestKey::of(text)))
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Networks = serde_json::from_str(r#""10.0.0.0/8,::1""#).unwrap();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(seen("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn trusted_proxies_are_walked_from_the_right() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(seen("::1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["é, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.7, é"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn one_key_of_visible_characters() {
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
            }
            key(&headers)
        };
        assert!(with(&[]).unwrap().is_none());
        assert!(with(&["a"]).unwrap().is_some());
        for bad in [&[""][..], &["a", "a"], &["a b"], &[&"a".repeat(256)]] {
            assert!(with(bad).is_err());
        }
    }
}
