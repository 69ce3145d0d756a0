//! Tokenry nested in an axum application: `cargo run --release -p embedded`, then sign up at
//! `http://127.0.0.1:8000/auth/v1/signup`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokenry::config::{Config, DataDir};
use tokenry::{App, StartError};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = "127.0.0.1:8000".parse()?;
    let tokenry = open("embedded-data", address).await?;
    tokio::spawn(Arc::clone(&tokenry).upkeep());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{address}/ and http://{address}/auth");
    let service = application(&tokenry).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// The issuer names the path under which the router is nested.
async fn open(data_dir: &str, address: SocketAddr) -> Result<Arc<App>, StartError> {
    let issuer = Some(format!("http://{address}/auth"));
    App::open(Config { issuer, data_dir: DataDir(data_dir.into()), ..Config::default() }, address).await
}

fn application(tokenry: &Arc<App>) -> Router {
    Router::new().route("/", get(async || "an application\n")).nest("/auth", tokenry.router())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;

    async fn call(application: &Router, request: Request<Body>) -> (u16, Value) {
        let response = application.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn the_nested_router_signs_up_and_verifies() {
        let directory = tempfile::tempdir().unwrap();
        let tokenry = open(directory.path().to_str().unwrap(), "127.0.0.1:8000".parse().unwrap()).await.unwrap();
        let application = application(&tokenry);
        let body = json!({ "username": "kimalo", "password": "correct horse battery" }).to_string();
        let signup = Request::post("/auth/v1/signup").header("content-type", "application/json");
        let (status, pair) = call(&application, signup.body(body.into()).unwrap()).await;
        assert_eq!(status, 201, "{pair}");
        let bearer = format!("Bearer {}", pair["access_token"].as_str().unwrap());
        let me = Request::get("/auth/v1/me").header("authorization", bearer).body(Body::empty()).unwrap();
        assert_eq!(call(&application, me).await.1["username"], "kimalo");
        for page in ["/auth", "/auth/login"] {
            let page = Request::get(page).body(Body::empty()).unwrap();
            assert_eq!(call(&application, page).await.0, 200);
        }
        let metadata = Request::get("/auth/.well-known/oauth-authorization-server").body(Body::empty()).unwrap();
        let (_, metadata) = call(&application, metadata).await;
        assert_eq!(metadata["jwks_uri"], "http://127.0.0.1:8000/auth/.well-known/jwks.json");
        let home = Request::get("/").body(Body::empty()).unwrap();
        assert_eq!(call(&application, home).await.0, 200);
    }
}
