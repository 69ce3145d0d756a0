//! A subscriber of the revocation feed that a balancer sends from node to node.

use std::io::{BufReader, Lines};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, variables};

/// Also at a node that has started since.
#[test]
fn a_subscriber_goes_on_at_another_node_with_exactly_what_it_missed() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    let [first, second, third] = [(); 3].map(|()| program.serve_with(&variables));
    let mut ended = sessions_end(&third, 3);
    let mut subscriber = Subscriber::at(&first, None);
    assert_eq!(subscriber.hear(3), ended);
    for is_fresh in [false, true, false] {
        let last = subscriber.last;
        drop(subscriber.lines);
        ended = sessions_end(&third, 5);
        let fresh = is_fresh.then(|| program.serve_with(&variables));
        subscriber = Subscriber::at(fresh.as_ref().unwrap_or(&second), Some(&last));
        assert_eq!(subscriber.hear(5), ended);
        // None of them comes again, before or after the next.
        ended = sessions_end(&first, 2);
        assert_eq!(subscriber.hear(2), ended);
    }
}

/// The other node is met before it has looked for what this one has just told.
#[test]
fn a_subscriber_that_changes_nodes_at_once_is_ahead_of_none() {
    let (cluster, program) = (cluster(), Program::new());
    let url = cluster.database(&[]);
    let variables = variables(&url);
    let nodes = [(); 2].map(|()| program.serve_with(&variables));
    let mut subscriber = Subscriber::at(&nodes[0], None);
    for round in 0..10 {
        let ended = sessions_end(&nodes[round % 2], 1);
        assert_eq!(subscriber.hear(1), ended);
        subscriber = Subscriber::at(&nodes[(round + 1) % 2], Some(&subscriber.last));
    }
}

/// The sessions that begin and end here, in the order in which they end.
fn sessions_end(node: &Running, count: usize) -> Vec<String> {
    let mut connection = node.connect();
    let mut ended = Vec::new();
    let login = json!({ "identifier": "kim", "password": PASSWORD });
    for _ in 0..count {
        let (status, mut pair) = connection.post("/v1/login", &login);
        if status != 200 {
            pair = connection.post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD })).1;
        }
        let (status, _) = connection.post("/v1/logout", &json!({ "refresh_token": pair["refresh_token"] }));
        assert_eq!(status, 204, "{pair}");
        ended.push(pair["session_id"].as_str().unwrap().to_owned());
    }
    ended
}

struct Subscriber {
    lines: Lines<BufReader<TcpStream>>,
    /// The `id` of the last entry that it heard.
    last: String,
}

impl Subscriber {
    fn at(node: &Running, last: Option<&str>) -> Self {
        let lines = node.connect().events_after("/v1/revocations", last);
        Self { lines, last: last.unwrap_or_default().to_owned() }
    }

    /// The sessions of the next entries, whose numbers follow each other.
    fn hear(&mut self, count: usize) -> Vec<String> {
        let mut heard = Vec::new();
        let (mut event, mut id) = (String::new(), String::new());
        while heard.len() < count {
            let line = self.lines.next().expect("the feed has ended").unwrap();
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event),
                Some(("id", next)) => next.clone_into(&mut id),
                Some(("data", data)) if event == "revocation" => {
                    let entry: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(entry["seq"].as_u64().unwrap(), number(&self.last) + 1, "after {}: {data}", self.last);
                    heard.push(entry["value"].as_str().unwrap().to_owned());
                    self.last.clone_from(&id);
                }
                Some(("data", _)) => assert_eq!(event, "heartbeat"),
                _ => {}
            }
        }
        heard
    }
}

/// The `SEQ` of a `SEQ-TAG`; 0 before the first.
fn number(id: &str) -> u64 {
    id.split('-').next().and_then(|seq| seq.parse().ok()).unwrap_or(0)
}
