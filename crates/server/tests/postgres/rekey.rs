//! Another master key, while nodes run that hold the old one.

use serde_json::{Value, json};

use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, until, variables};

#[test]
fn nodes_go_on_with_the_keys_that_they_hold_until_they_start_with_the_new_master_key() {
    let cluster = cluster();
    let url = cluster.database(&[]);
    let old = variables(&url);
    let homes = [(); 3].map(|()| Program::new());
    let mut nodes: Vec<Running> = homes[..2].iter().map(|home| home.serve_with(&old)).collect();
    let (status, pair) = nodes[0].connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
    assert_eq!(status, 201, "{pair}");
    let keys = homes[0].run_with(&["keys", "list", "--json"], "", &old).stdout;
    let file = homes[2].directory().join("new.key");
    let done = homes[2].run_with(&["keys", "rekey", "--to", file.to_str().unwrap()], "", &old);
    assert_eq!(done.code, 0, "{done:?}");
    let file = format!("file:{}", file.display());
    let new = [old[0], ("TOKENRY_MASTER_KEY", &file)];
    // They have looked at what they can't open.
    until(|| nodes.iter().all(|node| node.log().contains("can't be read")));
    nodes.push(homes[2].serve_with(&new));
    let mut pair = all_take_each_others_tokens(&nodes, pair);
    // Whoever has not heard of it makes nothing anew.
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "rotate", "--now"], &["keys", "rotate"]] {
        let refused = homes[1].run_with(command, "", &old);
        assert!(refused.code == 1 && refused.stderr.contains("master key"), "{refused:?}");
    }
    assert_eq!(homes[0].run_with(&["keys", "list", "--json"], "", &new).stdout, keys);
    nodes[1] = homes[1].serve_with(&new);
    pair = all_take_each_others_tokens(&nodes, pair);
    // A key of the new time is none that the first could know: it does not say that the token is bad.
    assert_eq!(homes[2].run_with(&["keys", "rotate", "--now"], "", &new).code, 0);
    let kid = crate::kid(&pair["access_token"]);
    until(|| {
        pair = refresh(&nodes[2], &pair);
        crate::kid(&pair["access_token"]) != kid
    });
    let judged = |node: &Running| node.connect().get("/v1/me", pair["access_token"].as_str());
    let (status, answer) = judged(&nodes[0]);
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{answer}");
    assert_eq!(judged(&nodes[1]).0, 200);
    nodes[0] = homes[0].serve_with(&new);
    assert_eq!(judged(&nodes[0]).0, 200);
}

/// Refreshes and logs in at every node. The newest pair.
fn all_take_each_others_tokens(nodes: &[Running], mut pair: Value) -> Value {
    let keys = nodes[0].connect().get("/.well-known/jwks.json", None).1;
    for node in nodes {
        pair = refresh(node, &pair);
        let (status, other) = node.connect().post("/v1/login", &json!({ "identifier": "kim", "password": PASSWORD }));
        assert_eq!(status, 200, "{other}");
        for verifying in nodes {
            for token in [&pair["access_token"], &other["access_token"]] {
                assert_eq!(verifying.connect().get("/v1/me", token.as_str()).0, 200);
            }
        }
        assert_eq!(node.connect().get("/.well-known/jwks.json", None).1, keys);
    }
    pair
}

fn refresh(node: &Running, pair: &Value) -> Value {
    let body = json!({ "refresh_token": pair["refresh_token"], "access_token": pair["access_token"] });
    let (status, next) = node.connect().post("/v1/refresh", &body);
    assert_eq!(status, 200, "{next}");
    next
}
