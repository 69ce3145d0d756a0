//! The program beside a real Tokenry.
#![allow(clippy::unwrap_used)]

#[path = "../../issuer.rs"]
#[expect(dead_code, reason = "shared with the other examples")]
mod issuer;
#[path = "../../program.rs"]
mod program;

use std::time::Duration;

use issuer::Issuer;
use program::Program;
use reqwest::Response;

#[tokio::test]
async fn orders_are_served_to_whoever_signed_up_until_they_log_out() {
    let issuer = Issuer::start().await;
    let program = start(&issuer, "orders").await;
    let token = issuer.signup("kim").await;
    let answer = get(&issuer, &program, Some(&token)).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("hello "));
    let anonymous = get(&issuer, &program, None).await;
    assert_eq!((anonymous.status().as_u16(), challenge(&anonymous)), (401, "Bearer realm=\"tokenry\"".to_owned()));
    let tampered = get(&issuer, &program, Some(&token.replace('.', ".A"))).await;
    assert_eq!(tampered.status(), 401);
    issuer.logout(&token).await;
    let refused = until_refused(&issuer, &program, &token).await;
    assert_eq!(refused.status(), 401);
    assert!(challenge(&refused).contains("the token was revoked"));
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let issuer = Issuer::start().await;
    let program = start(&issuer, "billing").await;
    let token = issuer.signup("kim").await;
    assert_eq!(get(&issuer, &program, Some(&token)).await.status(), 401);
}

async fn start(issuer: &Issuer, audience: &'static str) -> Program {
    let name = issuer.name.clone();
    let start = move || Program::start(env!("CARGO_BIN_EXE_axum-api"), &name, audience);
    tokio::task::spawn_blocking(start).await.unwrap()
}

async fn get(issuer: &Issuer, program: &Program, token: Option<&str>) -> Response {
    let mut request = issuer.http.get(format!("{}/orders", program.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap()
}

/// A revocation takes milliseconds to arrive.
async fn until_refused(issuer: &Issuer, program: &Program, token: &str) -> Response {
    for _ in 0..2_000 {
        let answer = get(issuer, program, Some(token)).await;
        if answer.status() != 200 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is still served");
}

fn challenge(answer: &Response) -> String {
    answer.headers()["www-authenticate"].to_str().unwrap().to_owned()
}
