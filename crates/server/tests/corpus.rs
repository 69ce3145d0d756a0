//! Runs every fuzz target of this crate on its corpus and on a few thousand mutations of it, always the same ones.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(unreachable_pub, reason = "the targets are shared with the fuzz crate")]

#[path = "../../../fuzz/targets/configuration.rs"]
mod configuration;
#[path = "../../../fuzz/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/targets/django_export.rs"]
mod django_export;

#[test]
fn configuration() {
    corpus::check("configuration", 4000, configuration::run);
}

#[test]
fn django_export() {
    corpus::check("django_export", 4000, django_export::run);
}
