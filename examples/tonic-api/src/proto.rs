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

#[cfg(test)]
mod tests {
    /// What clients are generated from says what is written here by hand.
    #[test]
    fn the_description_says_the_same() {
        let description = include_str!("../proto/orders.proto");
        let own = include_str!("proto.rs").split("#[cfg(test)]").next().unwrap();
        let mut fields = 0;
        for field in description.lines().map(str::trim).filter(|line| line.contains(" = ") && line.ends_with(';')) {
            let Some((kind, tag)) = field.trim_end_matches(';').split_once(" = ") else { continue };
            let Some((kind, name)) = kind.rsplit_once(' ') else { continue };
            if tag.parse::<u32>().is_ok() {
                let kind = match kind {
                    "string" | "uint32" => kind.to_owned(),
                    repeated if repeated.starts_with("repeated ") => "message, repeated".to_owned(),
                    _ => "message, optional".to_owned(),
                };
                let written = format!("#[prost({kind}, tag = \"{tag}\")]\n    pub {name}:");
                assert!(own.contains(&written), "{written}");
                fields += 1;
            }
        }
        assert_eq!(fields, own.matches("#[prost(").count());
        let build = include_str!("../build.rs");
        for call in description.lines().filter_map(|line| line.trim().strip_prefix("rpc ")) {
            let name = call.split('(').next().unwrap();
            assert!(build.contains(&format!("method(\"{name}\")")), "{name}");
        }
    }
}
