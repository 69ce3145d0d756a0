//! Trust Tokenry's tokens in three lines.
//!
//! ```no_run
//! # #[cfg(feature = "axum")]
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//! use tokenry_guard::{Claims, Guard};
//!
//! let guard = Guard::connect("https://auth.example.com", "orders").await?;
//! let app: Router = Router::new().route("/orders", get(orders)).layer(guard.layer());
//!
//! async fn orders(claims: Claims) -> String {
//!     format!("hello {}", claims.subject())
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A guard loads the issuer's keys and revocations once and follows them from then on. Verifying a token asks nobody: it
//! does no IO, takes no lock that a writer holds for long, and a token that was kept costs a look-up.
//!
//! # Who gets in
//!
//! [`Guard::layer`] finds out who calls. A token that is not good is refused, whatever the route. A request without a
//! token goes on as anonymous, and the handler says what it takes:
//!
//! | the handler takes | without a token |
//! |---|---|
//! | [`Claims`] | 401 |
//! | `Option<Claims>` | `None` |
//! | neither | it runs: [`required`](GuardLayer::required) closes all routes under a layer |
//!
//! [`require_scope`] and [`require_role`] demand more of a route.
//!
//! # What a guard knows
//!
//! A session that ends at the issuer is refused here within milliseconds. [`Freshness`] says whether that holds at the
//! moment: a `fresh` guard knows all revocations but those of the last `lease` (5 s), plus `skew` (30 s) if someone who can
//! alter the connection holds the feed back. While it is `stale` or `cold`, tokens are accepted until their `exp`, or
//! refused: see [`Policy`]. The issuer may be down for as long as it likes; known keys stay, and with
//! [`Builder::keys_file`] they outlive a restart.
//!
//! # Without a server
//!
//! [`Builder::with_keys`], [`Builder::with_jwks`] and [`Builder::with_secret`] make a guard that never asks anyone. The
//! feature `testing` has an issuer for a service's own tests.
#![deny(missing_docs)]

mod authorization;
mod background;
mod builder;
mod cache;
mod claims;
mod clock;
#[cfg(feature = "axum")]
mod extract;
mod feed;
mod guard;
mod issuer;
mod keys;
mod layer;
mod policy;
mod problem;
mod refusal;
mod require;
#[cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub, reason = "public with `testing` alone"))]
mod revocations;
mod shared;
mod status;
#[cfg(feature = "testing")]
pub mod testing;

pub use builder::{Builder, ConnectError};
pub use claims::{Claims, FromClaims, Registered};
pub use clock::Clock;
pub use guard::Guard;
pub use layer::{GuardBody, GuardLayer, Guarded};
pub use policy::{Freshness, Policy};
pub use refusal::Refusal;
pub use require::{Require, RequireLayer, require_role, require_scope};
pub use revocations::RevocationKind;
pub use status::{Metrics, Status};
pub use tokenry_jwt as jwt;
