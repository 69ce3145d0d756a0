//! The rules of Tokenry: accounts, credentials, identities, sessions, the refresh protocol, keys.
//!
//! Nothing here knows a status code, a header or a row. Time, randomness and storage are passed in:
//! [`Clock`](time::Clock), [`Random`](random::Random) and [`Store`](store::Store). A use case is a method of
//! [`Authority`]; the refresh protocol is the one pure function [`refresh::decide`].

pub mod account;
pub mod audit;
pub mod authority;
pub mod claims;
pub mod cookie;
pub mod error;
pub mod flight;
pub mod id;
pub mod identity;
pub mod keys;
pub mod mail;
pub mod name;
pub mod one_time;
pub mod password;
pub mod pending;
pub mod random;
pub mod refresh;
pub mod revocation;
pub mod seal;
pub mod session;
pub mod store;
pub mod throttle;
pub mod time;
pub mod token;

pub use authority::Authority;
pub use error::Error;
