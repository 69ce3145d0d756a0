//! The forms of values in columns.

use std::net::IpAddr;
use std::time::Duration;

use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::name::Email;
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::error::Fault;

/// All 64 bits, in PostgreSQL's signed integer.
pub(super) fn word(value: u64) -> i64 {
    value.cast_signed()
}

/// A number that counts, up to what PostgreSQL can count.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The version after this one.
pub(super) fn next(version: u64) -> i64 {
    word(version.wrapping_add(1))
}

/// In whole milliseconds, none too few.
pub(super) fn span(span: Duration) -> i64 {
    i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

pub(super) fn address(address: Option<IpAddr>) -> Option<String> {
    address.map(|address| address.to_string())
}

pub(super) fn json(value: &impl serde::Serialize, column: &'static str) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Bad(column))
}

/// Whatever PostgreSQL's type gives directly.
pub(super) fn to<'a, T: FromSql<'a>>(row: &'a Row, at: usize, column: &'static str) -> Result<T, Fault> {
    row.try_get(at).map_err(|_| Fault::Bad(column))
}

pub(super) fn to_word(row: &Row, at: usize, column: &'static str) -> Result<u64, Fault> {
    Ok(to::<i64>(row, at, column)?.cast_unsigned())
}

pub(super) fn to_ordinal(row: &Row, at: usize, column: &'static str) -> Result<Option<u32>, Fault> {
    to::<Option<i64>>(row, at, column)?.map(u32::try_from).transpose().map_err(|_| Fault::Bad(column))
}

pub(super) fn to_time(row: &Row, at: usize, column: &'static str) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_millis(to(row, at, column)?))
}

pub(super) fn to_span(row: &Row, at: usize, column: &'static str) -> Result<Duration, Fault> {
    Ok(Duration::from_millis(to::<i64>(row, at, column)?.max(0).cast_unsigned()))
}

pub(super) fn to_time_if(row: &Row, at: usize, column: &'static str) -> Result<Option<Timestamp>, Fault> {
    Ok(to::<Option<i64>>(row, at, column)?.map(Timestamp::from_millis))
}

pub(super) fn to_user_id(row: &Row, at: usize, column: &'static str) -> Result<Option<UserId>, Fault> {
    Ok(to::<Option<Uuid>>(row, at, column)?.map(|id| UserId::from_bytes(id.into_bytes())))
}

pub(super) fn to_session_id(row: &Row, at: usize, column: &'static str) -> Result<Option<SessionId>, Fault> {
    Ok(to::<Option<Uuid>>(row, at, column)?.map(|id| SessionId::from_bytes(id.into_bytes())))
}

/// The sixteen bytes of an identifier.
pub(super) fn to_uuid(row: &Row, at: usize, column: &'static str) -> Result<[u8; 16], Fault> {
    Ok(to::<Uuid>(row, at, column)?.into_bytes())
}

/// An address and, in the next column, its key.
pub(super) fn to_email(row: &Row, at: usize, column: &'static str) -> Result<Email, Fault> {
    Ok(Email::restore(to(row, at, column)?, to(row, at + 1, column)?))
}

/// Thirty-two bytes.
pub(super) fn to_key(row: &Row, at: usize, column: &'static str) -> Result<Option<[u8; 32]>, Fault> {
    let bytes: Option<&[u8]> = to(row, at, column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| Fault::Bad(column))).transpose()
}

pub(super) fn to_address(row: &Row, at: usize, column: &'static str) -> Result<Option<IpAddr>, Fault> {
    let text: Option<&str> = to(row, at, column)?;
    text.map(|text| text.parse().map_err(|_| Fault::Bad(column))).transpose()
}

/// A value of a closed set of names.
pub(super) fn to_name<T>(
    row: &Row,
    at: usize,
    named: impl FnOnce(&str) -> Option<T>,
    column: &'static str,
) -> Result<T, Fault> {
    named(to(row, at, column)?).ok_or(Fault::Bad(column))
}

/// A value in JSON. What serde_json says of a bad one may quote it, so it is not passed on.
pub(super) fn to_json<T: serde::de::DeserializeOwned>(row: &Row, at: usize, column: &'static str) -> Result<T, Fault> {
    serde_json::from_str(to(row, at, column)?).map_err(|_| Fault::Bad(column))
}
