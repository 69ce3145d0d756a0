//! Tokenry's state in a database: [`Store`](tokenry_domain::store::Store) on SQLite and on PostgreSQL. The only
//! place where SQL is written.
//!
//! [`Sqlite`] is one database file: one thread writes, in groups, so that many callers share one flush to the disk; a
//! few connections read beside it. Another process may use the same file at the same time, but only one may serve:
//! [`ServeLock`].
//!
//! [`PostgresStore`] is one PostgreSQL database, which any number of processes share.

mod backup;
mod beside;
#[cfg(test)]
#[path = "../tests/support/cluster.rs"]
#[allow(dead_code, unreachable_pub)]
mod cluster;
mod file;
mod memory;
mod postgres;
mod serve_lock;
mod sqlite;

pub use backup::{BackupError, Part, Report, Restoring, back_up};
pub use beside::CookiesBeside;
pub use postgres::{ConnectError, Options as PostgresOptions, PostgresStore};
pub use serve_lock::{LockError, ServeLock};
pub use sqlite::{OpenError, Options, Sqlite};
