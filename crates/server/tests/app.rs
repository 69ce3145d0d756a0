//! The HTTP API, whole: the application in process, on a database of its own, with a clock that the test moves.
//!
//! The modules stand as the paths do; what concerns no single path has a module of its own.
#![allow(clippy::unwrap_used, missing_docs)]

mod app {
    mod harness;

    mod admin;
    mod cookies;
    mod cors;
    mod coverage;
    mod debugger;
    mod disk;
    mod enumeration;
    mod errors;
    mod flow;
    mod introspect;
    mod keyed;
    mod keys;
    mod links;
    mod login;
    mod logout;
    mod me;
    mod outbox;
    mod pages;
    mod pair;
    mod password;
    mod playground;
    mod poisoning;
    mod races;
    mod refresh;
    mod revocations;
    mod sessions;
    mod signup;
    mod social;
    mod tampering;
    mod throttling;
    mod verify;
    mod well_known;
}
