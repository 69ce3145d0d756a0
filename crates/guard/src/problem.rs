//! The one place where a refusal becomes an answer: problem+json (RFC 9457) with a bearer challenge (RFC 6750 section 3),
//! or a status of gRPC for a caller that speaks it.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::Refusal;

/// The answer to a request with these headers.
pub(crate) fn answer(refusal: &Refusal, request: &HeaderMap) -> Response<Bytes> {
    if let Some(content_type) = request.get(CONTENT_TYPE).filter(|it| is_grpc(it.as_bytes())) {
        return grpc(refusal, content_type);
    }
    let status = refusal.status();
    let body = Body {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: refusal.detail(),
        code: refusal.code(),
        request_id: request.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| id.len() <= 128),
    };
    // Strings and a number: writing them to memory can't fail.
    let mut answer = Response::new(Bytes::from(serde_json::to_vec(&body).unwrap_or_default()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = challenge(refusal) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// No error code when the request had no token (RFC 6750 section 3.1).
fn challenge(refusal: &Refusal) -> Option<HeaderValue> {
    let detail = refusal.detail();
    let text = match refusal {
        Refusal::Missing => REALM.to_owned(),
        Refusal::Scope(scope) if is_scope(scope) => {
            format!("{REALM}, error=\"insufficient_scope\", error_description=\"{detail}\", scope=\"{scope}\"")
        }
        Refusal::Scope(_) | Refusal::Role(_) => {
            format!("{REALM}, error=\"insufficient_scope\", error_description=\"{detail}\"")
        }
        _ if refusal.status() == StatusCode::UNAUTHORIZED => {
            format!("{REALM}, error=\"invalid_token\", error_description=\"{detail}\"")
        }
        _ => return None,
    };
    HeaderValue::from_str(&text).ok()
}

/// What may stand between the quotation marks (RFC 6750 section 3).
fn is_scope(scope: &str) -> bool {
    scope.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
}

/// `application/grpc` and its kin: with a format behind a plus sign, or for browsers.
fn is_grpc(content_type: &[u8]) -> bool {
    let (name, rest) = content_type.split_at(content_type.len().min(GRPC.len()));
    name.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b'-' | b';' | b' '))
}

/// An answer that ends with its headers: `UNAUTHENTICATED`, `PERMISSION_DENIED` or `UNAVAILABLE`, and the code for programs.
/// A client takes any other HTTP status than 200 for a broken connection.
fn grpc(refusal: &Refusal, content_type: &HeaderValue) -> Response<Bytes> {
    let status = match refusal.status() {
        StatusCode::UNAUTHORIZED => "16",
        StatusCode::FORBIDDEN => "7",
        _ => "14",
    };
    let mut answer = Response::new(Bytes::new());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, content_type.clone());
    headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(refusal.detail()));
    headers.insert(CODE, HeaderValue::from_static(refusal.code()));
    answer
}

const REALM: &str = "Bearer realm=\"tokenry\"";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const GRPC: &[u8] = b"application/grpc";
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const CODE: HeaderName = HeaderName::from_static("tokenry-code");
