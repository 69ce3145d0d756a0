//! What SQLite answers, in the terms of the domain. Never a value from a row.

use rusqlite::{Error, ErrorCode};
use tokenry_domain::store::{Conflict, StoreError};

/// Why a step failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// A condition did not hold. Nothing was wrong with the database.
    Refused(Conflict),
    /// A column holds what can't be.
    Bad(&'static str),
    /// SQLite failed.
    Sqlite(Error),
}

impl Fault {
    /// Whether it concerns one batch of writes only: others in the same transaction can go on.
    pub(super) fn spares_others(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Bad(_) => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
            ),
        }
    }

    /// Whether another connection holds a lock.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            }
            _ => false,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(code, Some(message)) if code.code == ErrorCode::ConstraintViolation => {
                conflict(message).map_or(Self::Sqlite(error), Self::Refused)
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(conflict) => Self::Conflict(conflict),
            Fault::Bad(column) => Self::Corrupt(column.to_owned()),
            Fault::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) | None => {
                    Self::Corrupt(error.to_string())
                }
                Some(_) => Self::Unavailable(error.to_string()),
            },
        }
    }
}

/// The condition that a unique index stands for. SQLite names the index by its columns.
fn conflict(message: &str) -> Option<Conflict> {
    match message.strip_prefix("UNIQUE constraint failed: ")? {
        "users.username_key" => Some(Conflict::Username),
        "users.email_key" => Some(Conflict::Email),
        "identities.issuer, identities.subject" => Some(Conflict::Identity),
        "keys.purpose, keys.state" => Some(Conflict::Changed),
        "users.id" | "sessions.id" | "keys.kid" | "one_time_tokens.id" | "identities.id" | "pending.id"
        | "mails.id" => Some(Conflict::Id),
        _ => None,
    }
}
