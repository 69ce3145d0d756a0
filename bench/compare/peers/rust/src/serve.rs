use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use jsonwebtoken::{DecodingKey, Validation};

use crate::fixture::Fixture;
use crate::jsonwebtoken::{check, rules};

type Rules = Arc<(DecodingKey, Validation)>;

/// `GET /orders` on axum and jsonwebtoken. Prints the port.
pub(crate) fn run(fixture: &Fixture, algorithm: &str) {
    let rules: Rules = Arc::new(rules(fixture, algorithm).expect("an algorithm that is offered"));
    let application = Router::new().route("/orders", get(orders)).with_state(rules);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address").port());
        axum::serve(listener, application).await.expect("a server");
    });
}

async fn orders(State(rules): State<Rules>, headers: HeaderMap) -> Result<String, StatusCode> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    let claims = check(token, &rules.0, &rules.1).map_err(|_| StatusCode::UNAUTHORIZED)?;
    Ok(format!("hello {}", claims.sub))
}
