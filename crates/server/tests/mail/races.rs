//! One link, used by many at once, through two nodes of one database.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::mail::server::{FROM, MailServer, sign_up, token, variable};
use crate::program::{Program, Running};

/// Fifty at once, in as many rounds as `TOKENRY_TEST_ROUNDS` says; the figure of record is 1,000.
#[test]
fn of_fifty_uses_of_one_link_through_two_nodes_one_succeeds() {
    let (cluster, program, mail) =
        (Cluster::start(&["fsync=off", "max_connections=200"]), Program::new(), MailServer::start());
    let (database, url) = (cluster.database(&[]), mail.url("none"));
    let variables = [
        ("TOKENRY_DATABASE", database.as_str()),
        ("TOKENRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        ("TOKENRY_MAIL__SMTP", url.as_str()),
        FROM,
    ];
    let nodes: Vec<Running> = (0..2).map(|_| program.serve_with(&variables)).collect();
    sign_up(&nodes[0], "kim");
    mail.next_mail();
    let rounds = variable("TOKENRY_TEST_ROUNDS", 5);
    for round in 0..rounds {
        let (status, _) = nodes[round % 2].connect().post("/v1/login/link", &json!({ "email": "kim@example.com" }));
        assert_eq!(status, 202);
        let body = json!({ "token": token(&mail.until(|mail| mail["headers"]["subject"] == "Log in")) });
        let answers = at_once(&nodes, &body);
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
        assert_eq!(done.len(), 1, "{answers:?}");
        assert!(refused.iter().all(|(status, answer)| (*status, &answer["code"]) == (410, &json!("link_used"))));
    }
    println!("PostgreSQL, two nodes, over HTTP: {rounds} rounds of {PARALLEL} uses of one link: one succeeded in each");
}

fn at_once(nodes: &[Running], body: &Value) -> Vec<(u16, Value)> {
    let barrier = Barrier::new(PARALLEL);
    let use_link = |node: &Running| {
        let mut connection = node.connect();
        barrier.wait();
        connection.post("/v1/login/link/confirm", body)
    };
    thread::scope(|scope| {
        let use_link = &use_link;
        let uses: Vec<_> = (0..PARALLEL).map(|n| scope.spawn(move || use_link(&nodes[n % nodes.len()]))).collect();
        uses.into_iter().map(|answer| answer.join().unwrap()).collect()
    })
}

const PARALLEL: usize = 50;
