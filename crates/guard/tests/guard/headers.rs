//! What may stand in `Authorization`, and where a token may not stand.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request};
use tokenry_guard::testing::Issuer;

use super::service::{get, send, service};

#[tokio::test]
async fn the_scheme_has_no_case() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    let token = issuer.token("kim").sign();
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let request = Request::get("/orders").header("authorization", format!("{scheme} {token}"));
        send(&service, request.body(Body::empty()).unwrap()).await.is_hello("kim");
    }
}

#[tokio::test]
async fn a_header_that_is_not_one_token_is_an_error_even_where_none_is_needed() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let service = service(&guard);
    let token = issuer.token("kim").sign();
    get(&service, "/orders", Some(&token)).await.is_hello("kim");
    let bad: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"Bearer".to_vec(),
        b"Bearer ".to_vec(),
        format!("Bearer\t{token}").into_bytes(),
        format!("Bearer {token}\t").into_bytes(),
        format!("Bearer {token} {token}").into_bytes(),
        format!("Bearer {token},{token}").into_bytes(),
        format!("Bearer {token}, Basic YTpi").into_bytes(),
        format!("Bearer \"{token}\"").into_bytes(),
        // Almost a token that is known.
        format!("Bearer {token}=").into_bytes(),
        format!("Bearer {token}.").into_bytes(),
        format!("Bearer .{token}").into_bytes(),
        format!("Bearer {token}~").into_bytes(),
        format!("Bearer \t{token}").into_bytes(),
        format!("Bearer {}", token.replacen('.', "=.", 1)).into_bytes(),
        format!("Bearer {}", token.replacen('.', "\t.", 1)).into_bytes(),
        format!("Bearer Bearer {token}").into_bytes(),
        format!("Token {token}").into_bytes(),
        b"Basic YTpi".to_vec(),
        token.clone().into_bytes(),
        format!("Bearer {token}\u{e9}").into_bytes(),
        [b"Bearer \xff\xfe".as_slice(), token.as_bytes()].concat(),
        format!("Bearer {}", "a".repeat(1 << 20)).into_bytes(),
    ];
    for value in &bad {
        for path in ["/orders", "/"] {
            let value = HeaderValue::from_bytes(value).unwrap();
            let request = Request::get(path).header("authorization", value).body(Body::empty()).unwrap();
            send(&service, request).await.is_problem(401, "token_invalid");
        }
    }
    let refused = guard.metrics().refused;
    assert!(refused.contains(&("token_invalid", bad.len() as u64 * 2)), "{refused:?}");
}

#[tokio::test]
async fn a_doubled_header_is_an_error_even_if_both_are_good() {
    let issuer = Issuer::new("orders");
    let guard = issuer.guard();
    let bearer: HeaderValue = issuer.token("kim").bearer().parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.append("authorization", bearer.clone());
    assert_eq!(guard.authenticate(&headers).await.unwrap().unwrap().subject(), "kim");
    headers.append("authorization", bearer);
    assert_eq!(guard.authenticate(&headers).await.unwrap_err().reason(), "header");
    assert!(guard.authenticate(&HeaderMap::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_in_the_query_a_form_or_a_cookie_is_no_token() {
    let issuer = Issuer::new("orders");
    let service = service(&issuer.guard());
    let token = issuer.token("kim").sign();
    get(&service, &format!("/orders?access_token={token}"), None).await.is_problem(401, "token_missing");
    get(&service, &format!("/?access_token={token}"), None).await.is_hello("anonymous");
    for (name, value) in
        [("cookie", format!("access_token={token}")), ("proxy-authorization", format!("Bearer {token}"))]
    {
        let request = Request::get("/orders").header(name, value);
        send(&service, request.body(Body::empty()).unwrap()).await.is_problem(401, "token_missing");
    }
    let request = Request::get("/orders").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(format!("access_token={token}").into()).unwrap();
    send(&service, request).await.is_problem(401, "token_missing");
}
