//! The wire contract, against the whole application in process, with a clock that the test moves.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "wire/harness.rs"]
mod harness;

#[path = "wire/accounts.rs"]
mod accounts;
#[path = "wire/attacks.rs"]
mod attacks;
#[path = "wire/keys.rs"]
mod keys;
#[path = "wire/refresh.rs"]
mod refresh;
#[path = "wire/routes.rs"]
mod routes;
#[path = "wire/services.rs"]
mod services;
