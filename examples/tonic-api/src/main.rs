//! A gRPC service that trusts Tokenry's tokens: `cargo run --release -p tonic-api`, beside a server whose tokens are for
//! `TOKENRY_AUDIENCE`. `proto/orders.proto` has its calls; `GET /orders` is served on the same port.

mod proto;

use axum::Router;
use axum::routing::{any_service, get};
use proto::orders_server::{Orders, OrdersServer};
use proto::{ListReply, ListRequest, Order, PlaceReply, PlaceRequest};
use tokenry_guard::{Claims, Guard, require_scope};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let issuer = variable("TOKENRY_ISSUER", "http://127.0.0.1:7519");
    // A server that was given no audience makes tokens for itself.
    let audience = variable("TOKENRY_AUDIENCE", &issuer);
    let guard = Guard::connect(&issuer, &audience).await?;
    let listener = tokio::net::TcpListener::bind(variable("LISTEN", "127.0.0.1:8002")).await?;
    println!("http://{}/orders", listener.local_addr()?);
    Ok(axum::serve(listener, application(guard)).await?)
}

/// A service of gRPC has no extractors that ask for a token: the layer does.
fn application(guard: Guard) -> Router {
    let orders = OrdersServer::new(Shop);
    Routes::new(orders.clone())
        .into_axum_router()
        .route("/orders.Orders/Place", any_service(orders).layer(require_scope("orders:write")))
        .route("/orders", get(hello))
        .layer(guard.layer().required())
}

#[derive(Clone)]
struct Shop;

#[tonic::async_trait]
impl Orders for Shop {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        let owner = caller(&request)?;
        Ok(Response::new(ListReply { owner, orders: vec![Order { item: "tea".to_owned(), pieces: 2 }] }))
    }

    async fn place(&self, request: Request<PlaceRequest>) -> Result<Response<PlaceReply>, Status> {
        let owner = caller(&request)?;
        match &request.get_ref().order {
            Some(order) if order.pieces > 0 => Ok(Response::new(PlaceReply { owner })),
            _ => Err(Status::invalid_argument("an order has pieces")),
        }
    }
}

async fn hello(claims: Claims) -> String {
    format!("hello {}", claims.subject())
}

fn caller<T>(request: &Request<T>) -> Result<String, Status> {
    let claims = Claims::of(request.extensions()).ok_or_else(|| Status::internal("no guard saw this call"))?;
    Ok(claims.subject().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "an example is configured by its environment")]
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[cfg(test)]
mod tests {
    use proto::orders_client::OrdersClient;
    use tokenry_guard::testing::Issuer;
    use tonic::transport::Endpoint;
    use tonic::{Code, IntoRequest};

    use super::*;

    #[tokio::test]
    async fn only_who_may_write_places_an_order() {
        let issuer = Issuer::new("orders");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let guard = issuer.guard();
        let served = tokio::spawn(async move { axum::serve(listener, application(guard)).await });
        let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
        let place = async |bearer: String, pieces: u32| {
            let order = Order { item: "tea".to_owned(), pieces };
            let mut request = PlaceRequest { order: Some(order) }.into_request();
            request.metadata_mut().insert("authorization", bearer.parse().unwrap());
            OrdersClient::new(channel.clone()).place(request).await
        };
        let writer = || issuer.token("kim").scope("orders:write").bearer();
        assert_eq!(place(writer(), 1).await.unwrap().into_inner().owner, "kim");
        assert_eq!(place(writer(), 0).await.unwrap_err().code(), Code::InvalidArgument);
        let refused = place(issuer.token("kim").bearer(), 1).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(refused.metadata().get("tokenry-code").unwrap(), "forbidden");
        served.abort();
    }
}
