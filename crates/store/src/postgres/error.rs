//! What PostgreSQL answers, in the terms of the domain. Never a value from a row, never a part of the URL.

use std::error::Error as _;

use tokenry_domain::store::{Conflict, StoreError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Why a step failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// A condition did not hold. Nothing was wrong with the database.
    Refused(Conflict),
    /// A column holds what can't be.
    Bad(&'static str),
    /// PostgreSQL failed, or the way to it did.
    Postgres(Error),
    /// It was not even asked, or did not answer in time.
    Unavailable(String),
}

impl Fault {
    /// Whether the same transaction, tried again, may go through: it lost against another one.
    pub(super) fn lost_a_race(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
            }
            _ => false,
        }
    }

    /// Whether the connection was gone: another one may do.
    pub(super) fn lost_the_connection(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                error.is_closed() || error.code().is_none_or(|code| code.code().starts_with("57P"))
            }
            _ => false,
        }
    }
}

impl Fault {
    /// Whether one row or one value can be the reason why a statement failed, which nothing of was done then.
    pub(super) fn may_be_of_one(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                error.code().is_some_and(|code| *code == SqlState::LOCK_NOT_AVAILABLE || is_our_fault(code))
            }
            _ => false,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        conflict(&error).map_or(Self::Postgres(error), Self::Refused)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(conflict) => Self::Conflict(conflict),
            Fault::Bad(column) => Self::Corrupt(column.to_owned()),
            Fault::Unavailable(reason) => Self::Unavailable(reason),
            Fault::Postgres(error) => match error.code() {
                Some(code) if is_our_fault(code) => Self::Corrupt(describe(&error)),
                _ => Self::Unavailable(describe(&error)),
            },
        }
    }
}

/// The error without its detail, which may quote a row.
pub(super) fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(answer) if is_our_fault(answer.code()) => format!("PostgreSQL answered SQLSTATE {}", answer.code().code()),
        Some(answer) => format!("{} (SQLSTATE {})", answer.message(), answer.code().code()),
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Whether the statement or a value was bad, or the data is damaged: trying again does not help.
fn is_our_fault(code: &SqlState) -> bool {
    ["0A", "21", "22", "23", "42", "XX001", "XX002"].iter().any(|class| code.code().starts_with(class))
}

/// The condition that an error stands for: a unique index by its name, or a row that was not there.
fn conflict(error: &Error) -> Option<Conflict> {
    match *error.code()? {
        // Statements that must meet a row divide by the number of rows that they met.
        SqlState::DIVISION_BY_ZERO => Some(Conflict::Changed),
        SqlState::UNIQUE_VIOLATION => match error.as_db_error()?.constraint()? {
            "users_username" => Some(Conflict::Username),
            "users_email" => Some(Conflict::Email),
            "identities_person" => Some(Conflict::Identity),
            "keys_current" => Some(Conflict::Changed),
            "users_pkey"
            | "sessions_pkey"
            | "keys_pkey"
            | "one_time_tokens_pkey"
            | "identities_pkey"
            | "pending_pkey"
            | "mails_pkey" => Some(Conflict::Id),
            _ => None,
        },
        _ => None,
    }
}
