//! Tokenry's state in a database: [`Store`](tokenry_domain::store::Store) on SQLite. The only place where SQL is
//! written.
//!
//! [`Sqlite`] is one database file: one thread writes, in groups, so that many callers share one flush to the disk; a
//! few connections read beside it. Another process may use the same file at the same time, but only one may serve:
//! [`ServeLock`].

mod beside;
mod file;
mod memory;
mod serve_lock;
mod sqlite;

pub use beside::CookiesBeside;
pub use serve_lock::{LockError, ServeLock};
pub use sqlite::{OpenError, Options, Sqlite};
