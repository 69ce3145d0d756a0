//! Nodes whose access tokens live differently, as during a change of the configuration from one node to the next.

use serde_json::{Value, json};

use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, variables};

#[test]
fn an_entry_of_any_node_outlives_the_tokens_of_every_node() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let start = |life| program.serve_with(&[&variables(&url)[..], &[("TOKENRY_TOKEN__ACCESS_TTL", life)]].concat());
    let mut nodes = [start("5m"), start("5m")];
    sign_up(&nodes[0]);
    let (mut ended, mut left) = (Vec::new(), Vec::new());
    // Longer at one node after the other, and shorter again.
    for life in ["1h", "5m"] {
        for changed in 0..2 {
            nodes[changed] = start(life);
            for begins in 0..2 {
                // The other node ends it, while its token is new and when no node makes such tokens any more.
                let [pair, later] = [(); 2].map(|()| log_in(&nodes[begins]));
                log_out(&nodes[1 - begins], &pair);
                ended.push(pair);
                left.push(later);
            }
        }
    }
    for (number, pair) in left.iter().enumerate() {
        log_out(&nodes[number % 2], pair);
    }
    ended.extend(left);
    let feed = nodes[0].connect().get("/v1/revocations", None).1;
    for pair in &ended {
        let entry = feed["entries"].as_array().unwrap().iter().find(|entry| entry["value"] == pair["session_id"]);
        let until = entry.unwrap()["until"].as_i64().unwrap();
        let expires = pair["server_time"].as_i64().unwrap() + pair["expires_in"].as_i64().unwrap();
        assert!(until >= expires + 60, "{pair}: {until}");
    }
    let count = |life| ended.iter().filter(|pair| pair["expires_in"] == life).count();
    assert_eq!((count(3600), count(300)), (8, 8));
}

fn sign_up(node: &Running) {
    let (status, pair) = node.connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    assert_eq!(status, 201, "{pair}");
}

fn log_in(node: &Running) -> Value {
    let (status, pair) = node.connect().post("/v1/login", &json!({ "identifier": "kim", "password": PASSWORD }));
    assert_eq!(status, 200, "{pair}");
    pair
}

fn log_out(node: &Running, pair: &Value) {
    let (status, _) = node.connect().post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
    assert_eq!(status, 204);
}
