//! Runs every fuzz target on its corpus and on a few thousand mutations of it, always the same ones.
#![allow(clippy::unwrap_used)]
#![allow(unreachable_pub, reason = "the targets are shared with the fuzz crate")]

#[path = "../../../fuzz/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/targets/json.rs"]
mod json;
#[path = "../../../fuzz/targets/jwk_set.rs"]
mod jwk_set;
#[path = "../../../fuzz/targets/key.rs"]
mod key;
#[path = "../../../fuzz/targets/token.rs"]
mod token;
#[path = "../../../fuzz/targets/unverified.rs"]
mod unverified;

#[test]
fn token() {
    corpus::check("token", 4000, token::run);
}

#[test]
fn jwk_set() {
    corpus::check("jwk_set", 4000, jwk_set::run);
}

#[test]
fn unverified() {
    corpus::check("unverified", 4000, unverified::run);
}

#[test]
fn json() {
    corpus::check("json", 8000, json::run);
}

#[test]
fn key() {
    corpus::check("key", 1000, key::run);
}
