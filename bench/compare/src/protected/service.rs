use std::path::Path;

use axum::Router;
use axum::routing::get;
use tokenry_guard::{Claims, Guard};
use tokio::net::TcpListener;

use crate::fixture::{AUDIENCE, ISSUER, SUBJECT, read_key};

/// `GET /orders` on axum: `bare`, or behind a `guard`. Prints the port.
pub(crate) fn run(name: &str, fixture: &Path, algorithm: &str) {
    let application = match name {
        "bare" => Router::new().route("/orders", get(async || format!("hello {SUBJECT}"))),
        _ => {
            let key = read_key(fixture, algorithm.parse().unwrap());
            let guard = Guard::builder(ISSUER, AUDIENCE).with_keys(key.verifying_key()).unwrap();
            Router::new().route("/orders", get(orders)).layer(guard.layer())
        }
    };
    // One core is all that it has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        axum::serve(listener, application).await.unwrap();
    });
}

async fn orders(claims: Claims) -> String {
    format!("hello {}", claims.subject())
}
