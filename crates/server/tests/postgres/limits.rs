//! How many sessions a user may have, whichever node they log in at.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::program::{Program, Running};
use crate::{PASSWORD, cluster, variables};

#[test]
fn log_ins_that_race_over_two_nodes_leave_as_many_sessions_as_a_user_may_have() {
    let (cluster, program) = (cluster(), Program::new());
    for isolation in ["'read committed'", "serializable"] {
        let url = cluster.database(&[&format!("default_transaction_isolation = {isolation}")]);
        let variables = [&variables(&url)[..], &[("TOKENRY_SESSION__PER_USER", "3")]].concat();
        let nodes = [(); 2].map(|()| program.serve_with(&variables));
        let (status, pair) = nodes[0].connect().post("/v1/signup", &json!({ "username": "kim", "password": PASSWORD }));
        assert_eq!(status, 201, "{pair}");
        let mut begun = 1;
        for _ in 0..5 {
            let answers = logged_in_at_once(&nodes);
            begun += answers.len();
            assert_eq!(number(&cluster, &url, LIVE), 3);
            assert_eq!(number(&cluster, &url, OLDER_THAN_ONE_THAT_ENDED), 0);
            assert_eq!(number(&cluster, &url, TOLD), begun - 3);
            let login = json!({ "identifier": "kim", "password": PASSWORD });
            let (status, last) = nodes[1].connect().post("/v1/login", &login);
            assert_eq!(status, 200, "{last}");
            begun += 1;
            assert_eq!(nodes[0].connect().get("/v1/me", last["access_token"].as_str()).0, 200);
        }
    }
}

fn logged_in_at_once(nodes: &[Running]) -> Vec<Value> {
    let barrier = Barrier::new(PARALLEL);
    let login = |number: usize| {
        let mut connection = nodes[number % nodes.len()].connect();
        barrier.wait();
        let (status, pair) = connection.post("/v1/login", &json!({ "identifier": "kim", "password": PASSWORD }));
        assert_eq!(status, 200, "{pair}");
        pair
    };
    thread::scope(|scope| {
        let login = &login;
        let logins: Vec<_> = (0..PARALLEL).map(|number| scope.spawn(move || login(number))).collect();
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    })
}

fn number(cluster: &crate::Cluster, url: &str, sql: &str) -> usize {
    cluster.value(url, sql).parse().unwrap()
}

const PARALLEL: usize = 20;
const LIVE: &str = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
/// The clocks of the nodes may differ by a moment.
const OLDER_THAN_ONE_THAT_ENDED: &str = "SELECT count(*) FROM sessions AS live WHERE ended_at IS NULL AND EXISTS \
    (SELECT 1 FROM sessions WHERE ended_at IS NOT NULL AND created_at > live.created_at + 100)";
const TOLD: &str = "SELECT count(DISTINCT value) FROM revocations WHERE kind = 'sid'";
