//! An axum service that trusts Tokenry's tokens: `cargo run --release -p axum-api`, beside a server whose tokens are for
//! `TOKENRY_AUDIENCE`. Then `curl -H "Authorization: Bearer ..." http://127.0.0.1:8001/orders`.

use axum::Router;
use axum::routing::{get, post};
use tokenry_guard::{Claims, Guard, require_scope};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let issuer = variable("TOKENRY_ISSUER", "http://127.0.0.1:7519");
    // A server that was given no audience makes tokens for itself.
    let audience = variable("TOKENRY_AUDIENCE", &issuer);
    let guard = Guard::connect(&issuer, &audience).await?;
    let listener = tokio::net::TcpListener::bind(variable("LISTEN", "127.0.0.1:8001")).await?;
    println!("http://{}/orders", listener.local_addr()?);
    Ok(axum::serve(listener, application(guard)).await?)
}

fn application(guard: Guard) -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/orders", get(orders))
        .route("/orders", post(order).layer(require_scope("orders:write")))
        .layer(guard.layer())
}

async fn orders(claims: Claims) -> String {
    format!("hello {}", claims.subject())
}

async fn order(claims: Claims) -> String {
    format!("ordered by {}", claims.subject())
}

/// For everyone; who has a token is greeted by it.
async fn welcome(claims: Option<Claims>) -> String {
    claims.map_or("hello stranger".to_owned(), |claims| format!("hello {}", claims.subject()))
}

#[expect(clippy::disallowed_methods, reason = "an example is configured by its environment")]
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tokenry_guard::testing::Issuer;
    use tower::ServiceExt;

    use super::*;

    async fn call(application: &Router, method: &str, path: &str, bearer: Option<String>) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        let response = application.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_route_takes_whom_it_says() {
        let issuer = Issuer::new("orders");
        let application = application(issuer.guard());
        let reader = || Some(issuer.token("kimalo").bearer());
        let writer = || Some(issuer.token("kimalo").scope("orders:write").bearer());
        assert_eq!(call(&application, "GET", "/orders", reader()).await, (200, "hello kimalo".to_owned()));
        assert_eq!(call(&application, "GET", "/orders", None).await.0, 401);
        assert_eq!(call(&application, "GET", "/", None).await, (200, "hello stranger".to_owned()));
        assert_eq!(call(&application, "GET", "/", reader()).await, (200, "hello kimalo".to_owned()));
        assert_eq!(call(&application, "GET", "/", Some("Bearer a".to_owned())).await.0, 401);
        assert_eq!(call(&application, "POST", "/orders", reader()).await.0, 403);
        assert_eq!(call(&application, "POST", "/orders", writer()).await, (200, "ordered by kimalo".to_owned()));
    }
}
