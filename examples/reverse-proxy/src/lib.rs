//! A service behind nginx or Caddy, which ask Tokenry's `/v1/verify` who calls.

mod proxy;
mod service;

pub use proxy::{Kind, Proxy, Settings};
