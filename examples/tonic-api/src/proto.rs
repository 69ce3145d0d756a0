//! The messages of `proto/orders.proto`, and the service that `build.rs` makes of it.

#[derive(Clone, PartialEq, prost::Message)]
pub struct ListRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ListReply {
    #[prost(string, tag = "1")]
    pub owner: String,
    #[prost(message, repeated, tag = "2")]
    pub orders: Vec<Order>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct PlaceRequest {
    #[prost(message, optional, tag = "1")]
    pub order: Option<Order>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct PlaceReply {
    #[prost(string, tag = "1")]
    pub owner: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub item: String,
    #[prost(uint32, tag = "2")]
    pub pieces: u32,
}

include!(concat!(env!("OUT_DIR"), "/orders.Orders.rs"));
