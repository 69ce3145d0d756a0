//! Whether an address has an account, as the time of an answer would tell it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::harness::{Anonymous, PASSWORD, Site};

/// In one run and in turns, so that what else the machine does meets both alike.
#[tokio::test]
async fn asking_for_a_link_takes_as_long_for_an_address_without_an_account() {
    let site = Site::new().await;
    let body = json!({ "email": "kim@example.com", "password": PASSWORD });
    site.post(&Anonymous, "/v1/signup", body).await.pair();
    for path in ["/v1/password/reset", "/v1/login/link"] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (email, times) in ["kim@example.com", "lee@example.com"].into_iter().zip(&mut times) {
                let started = Instant::now();
                assert_eq!(site.post(&Anonymous, path, json!({ "email": email })).await.status, 202);
                times.push(started.elapsed());
            }
        }
        let [known, unknown] = times.map(median);
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        println!("{path}: median {known:?} with an account, {unknown:?} without: {ratio:.2}");
        assert!((0.5..2.0).contains(&ratio), "{path}: {known:?}, {unknown:?}");
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

const ROUNDS: usize = 101;
