//! The same scenarios through the whole server: HTTP requests to its router, over SQLite in a temporary directory.

mod site;

use std::collections::HashMap;
use std::thread;

use serde_json::json;

use crate::contest::LOG_IN_KEY;
use crate::play::play;
use crate::protocol::{Answer, Protocol, Token, Tokenry};
use crate::scenario::Scenario;
use site::{Reply, Site};

/// Plays the first `count` scenarios of `seed` in both ways, plain and keyed; returns how many requests were compared.
///
/// # Errors
///
/// The first difference: in an answer, in the outcome, or in the row that is left.
pub(crate) fn compare(seed: u64, count: u64) -> Result<u64, String> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(count as usize) as u64;
    let part = |first| {
        let site = Site::open();
        let mut requests = 0;
        for number in (first..count).step_by(threads as usize) {
            let scenario = Scenario::draw(seed, number);
            for key in [None, Some(LOG_IN_KEY)] {
                let compared = compare_one(&site, &scenario, key);
                requests += compared.map_err(|what| format!("scenario {number}, log-in key {key:?}: {what}"))?;
            }
        }
        Ok(requests)
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
        parts.into_iter().map(|part| part.join().expect("a thread has panicked")).sum()
    })
}

fn compare_one(site: &Site, scenario: &Scenario, log_in_key: Option<u64>) -> Result<u64, String> {
    let mut rules = Recorder::new(Tokenry::log_in(log_in_key));
    let expected = play(scenario, log_in_key.is_some(), &mut rules);
    let mut server = Recorder::new(Stack::log_in(site, log_in_key));
    let found = play(scenario, log_in_key.is_some(), &mut server);
    if let Some((rules, server)) = rules.requests.iter().zip(&server.requests).find(|(rules, server)| rules != server) {
        return Err(format!("the rules say {rules:?}, the server {server:?}"));
    }
    if (rules.requests.len(), expected) != (server.requests.len(), found) {
        return Err(format!("the rules end with {expected:?}, the server with {found:?}"));
    }
    let (state, ended) = site.row(&server.protocol.session);
    let rules = rules.protocol;
    if (&rules.state, rules.ended) != (&state, ended) {
        return Err(format!(
            "the rules leave {:?}, ended {}; the server {state:?}, ended {ended}",
            rules.state, rules.ended
        ));
    }
    Ok(server.requests.len() as u64)
}

/// A protocol, and what it was asked and answered.
struct Recorder<P> {
    protocol: P,
    requests: Vec<(i64, Token, Option<u64>, Answer)>,
}

impl<P> Recorder<P> {
    fn new(protocol: P) -> Self {
        Self { protocol, requests: Vec::new() }
    }
}

impl<P: Protocol> Protocol for Recorder<P> {
    fn refresh(&mut self, token: Token, key: Option<u64>, now: i64) -> Answer {
        let answer = self.protocol.refresh(token, key, now);
        self.requests.push((now, token, key, answer));
        answer
    }
}

/// A session on the server.
struct Stack<'a> {
    site: &'a Site,
    session: String,
    /// The newest text of each token.
    texts: HashMap<Token, String>,
}

impl<'a> Stack<'a> {
    fn log_in(site: &'a Site, key: Option<u64>) -> Self {
        site.set_clock(0);
        let reply = site.post("/v1/login", key, &json!({ "identifier": site::USER, "password": site::PASSWORD }));
        let session = reply.body["session_id"].as_str().unwrap_or_else(|| panic!("no log-in: {reply:?}")).to_owned();
        let mut stack = Self { site, session, texts: HashMap::new() };
        assert_eq!(stack.keep(&reply), Token::FIRST);
        stack
    }

    fn keep(&mut self, reply: &Reply) -> Token {
        let (token, text) = reply.refresh_token();
        self.texts.insert(token, text);
        token
    }
}

impl Protocol for Stack<'_> {
    fn refresh(&mut self, token: Token, key: Option<u64>, now: i64) -> Answer {
        self.site.set_clock(now);
        let reply = self.site.post("/v1/refresh", key, &json!({ "refresh_token": self.texts[&token] }));
        match (reply.status, reply.body["code"].as_str()) {
            (200, None) => Answer::Pair(self.keep(&reply)),
            (409, Some("refresh_stale")) => Answer::Stale,
            (401, Some("refresh_reused")) => Answer::Reused,
            (401, Some("token_revoked")) => Answer::Ended,
            _ => panic!("not an answer of the protocol: {reply:?}"),
        }
    }
}
