//! The guard against tokens, headers, issuers and feeds that a test controls byte by byte, and against the real server.
#![allow(clippy::unwrap_used, missing_docs)]

mod guard {
    mod issuer;
    mod service;

    mod attacks;
    mod cache;
    mod concurrency;
    mod discovery;
    mod extractors;
    mod feed;
    mod headers;
    mod keys;
    mod layer;
    mod offline;
    mod policy;
    mod server;
}
