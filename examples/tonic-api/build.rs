//! The service of `proto/orders.proto`. Said here once more, so that nobody needs protoc.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let service = Service::builder().name("Orders").package("orders").method(method("List")).method(method("Place"));
    Builder::new().build_transport(false).compile(&[service.build()]);
    println!("cargo::rerun-if-changed=build.rs");
}

fn method(name: &str) -> Method {
    Method::builder()
        .name(name.to_lowercase())
        .route_name(name)
        .input_type(format!("super::{name}Request"))
        .output_type(format!("super::{name}Reply"))
        .codec_path("tonic_prost::ProstCodec")
        .build()
}
