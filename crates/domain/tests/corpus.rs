//! Runs every fuzz target of this crate on its corpus and on a few thousand mutations of it, always the same ones.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(unreachable_pub, reason = "the targets are shared with the fuzz crate")]

#[path = "../../../fuzz/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/targets/name.rs"]
mod name;
#[path = "../../../fuzz/targets/password_hash.rs"]
mod password_hash;
#[path = "../../../fuzz/targets/secret.rs"]
mod secret;

#[test]
fn name() {
    corpus::check("name", 8000, name::run);
}

#[test]
fn password_hash() {
    corpus::check("password_hash", 8000, password_hash::run);
}

#[test]
fn secret() {
    corpus::check("secret", 4000, secret::run);
}
