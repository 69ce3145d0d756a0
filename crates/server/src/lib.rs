//! Tokenry: a token system for log-in, as a library.
//!
//! [`App::open`] reads keys and database; [`App::router`] is an [`axum::Router`] that any axum application can nest.
//! The `tokenry` binary is a thin shell around both.

pub mod config;

mod accept;
mod app;
mod clock;
mod feed;
mod http;
mod log;
mod mail;
mod master_key;
mod metrics;
mod pulse;
mod social;
mod trouble;
mod upkeep;
mod vocabulary;

#[doc(hidden)]
pub mod cli;
mod serve;
mod tls;

pub use app::{App, StartError};
pub use config::{Config, ConfigError};
