//! The issuer's revocation feed, as a guard follows it: a snapshot, then events, all of it under the issuer's signature.

pub(crate) mod chain;
mod follower;
mod freshness;
mod snapshot;
mod sse;
mod statement;

pub(crate) use follower::Follower;
pub(crate) use freshness::FreshnessState;
pub(crate) use snapshot::{Reader, Snapshot};
pub(crate) use sse::Events;
pub(crate) use statement::Statement;

use tokenry_jwt::VerifyError;

/// What is wrong with what came in place of the feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0} is malformed")]
    Malformed(&'static str),
    #[error("larger than it may be")]
    TooLarge,
    #[error("a statement is signed with a key that is not known")]
    UnknownKey,
    #[error("a statement is signed with a revoked key")]
    RevokedKey,
    #[error("a statement is not the issuer's: {0}")]
    Forged(VerifyError),
    #[error("an entry came again, or out of order")]
    OutOfOrder,
    #[error("entries are missing, added or altered")]
    Altered,
    #[error("an older statement came again")]
    Replayed,
    #[error("the feed asked for the snapshot to be loaded again")]
    Reset,
}
