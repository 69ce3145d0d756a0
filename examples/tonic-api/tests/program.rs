//! The program, called by a client of gRPC, beside a real Tokenry.
#![allow(clippy::unwrap_used)]

#[path = "../../issuer.rs"]
#[expect(dead_code, reason = "shared with the other examples")]
mod issuer;
#[path = "../../program.rs"]
mod program;
#[path = "../src/proto.rs"]
mod proto;

use std::time::Duration;

use issuer::Issuer;
use program::Program;
use proto::orders_client::OrdersClient;
use proto::{ListReply, ListRequest, Order, PlaceRequest};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

#[tokio::test]
async fn orders_are_listed_to_whoever_signed_up_until_they_log_out() {
    let issuer = Issuer::start().await;
    let (program, mut client) = start(&issuer.name).await;
    let token = issuer.signup("kim").await;
    let listed = list(&mut client, &bearer(&token)).await.unwrap();
    assert_eq!(listed.orders, [Order { item: "tea".to_owned(), pieces: 2 }]);
    let url = format!("{}/orders", program.url);
    let hello = issuer.http.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(hello.text().await.unwrap(), format!("hello {}", listed.owner));
    assert_eq!(issuer.http.get(&url).send().await.unwrap().status(), 401);
    issuer.logout(&token).await;
    is_refused(&until_refused(&mut client, &token).await, Code::Unauthenticated, "token_revoked");
    // The connection has outlived all of it.
    let other = issuer.signup("lee").await;
    assert!(list(&mut client, &bearer(&other)).await.is_ok());
}

#[tokio::test]
async fn what_is_no_good_token_is_a_status_of_grpc() {
    let issuer = Issuer::start().await;
    let (_program, mut client) = start(&issuer.name).await;
    let token = issuer.signup("kim").await;
    is_refused(&list(&mut client, &[]).await.unwrap_err(), Code::Unauthenticated, "token_missing");
    let good = format!("Bearer {token}");
    for values in [&["Bearer a"][..], &["Basic YTpi"], &[&format!("{good}A")], &[&good, &good]] {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        is_refused(&list(&mut client, &values).await.unwrap_err(), Code::Unauthenticated, "token_invalid");
    }
    let mut request = Request::new(PlaceRequest { order: None });
    *request.metadata_mut() = metadata(&bearer(&token));
    is_refused(&client.place(request).await.unwrap_err(), Code::PermissionDenied, "forbidden");
}

#[tokio::test]
async fn without_keys_it_is_unavailable() {
    let issuer = Issuer::start().await;
    let token = issuer.signup("kim").await;
    // Nothing listens there.
    let (_program, mut client) = start("http://127.0.0.1:1").await;
    is_refused(&list(&mut client, &bearer(&token)).await.unwrap_err(), Code::Unavailable, "unavailable");
}

async fn start(issuer: &str) -> (Program, OrdersClient<Channel>) {
    let issuer = issuer.to_owned();
    let start = move || Program::start(env!("CARGO_BIN_EXE_tonic-api"), &issuer, "orders");
    let program = tokio::task::spawn_blocking(start).await.unwrap();
    let channel = Endpoint::from_shared(program.url.clone()).unwrap().connect().await.unwrap();
    (program, OrdersClient::new(channel))
}

async fn list(client: &mut OrdersClient<Channel>, authorization: &[String]) -> Result<ListReply, Status> {
    let mut request = Request::new(ListRequest {});
    *request.metadata_mut() = metadata(authorization);
    client.list(request).await.map(tonic::Response::into_inner)
}

fn bearer(token: &str) -> [String; 1] {
    [format!("Bearer {token}")]
}

fn metadata(authorization: &[String]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    for value in authorization {
        metadata.append("authorization", value.parse().unwrap());
    }
    metadata
}

/// A revocation takes milliseconds to arrive.
async fn until_refused(client: &mut OrdersClient<Channel>, token: &str) -> Status {
    for _ in 0..2_000 {
        if let Err(status) = list(client, &bearer(token)).await {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is still served");
}

#[track_caller]
fn is_refused(status: &Status, code: Code, word: &str) {
    let said = status.metadata().get("tokenry-code").map(|value| value.to_str().unwrap());
    assert_eq!((status.code(), said), (code, Some(word)), "{status:?}");
    assert!(!status.message().is_empty());
}
