//! The forms of values in columns.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::Row;
use tokenry_domain::time::Timestamp;

use super::error::Fault;

/// All 64 bits, in SQLite's signed integer.
pub(super) fn word(value: u64) -> i64 {
    value.cast_signed()
}

/// A number that counts, up to what SQLite can count.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The version after this one.
pub(super) fn next(version: u64) -> i64 {
    word(version.wrapping_add(1))
}

pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::millis)
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

pub(super) fn to_word(row: &Row, at: usize) -> Result<u64, Fault> {
    Ok(row.get::<_, i64>(at)?.cast_unsigned())
}

pub(super) fn to_time(row: &Row, at: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_millis(row.get(at)?))
}

pub(super) fn to_span(row: &Row, at: usize) -> Result<Duration, Fault> {
    Ok(Duration::from_millis(row.get::<_, i64>(at)?.max(0).cast_unsigned()))
}

pub(super) fn to_time_if(row: &Row, at: usize) -> Result<Option<Timestamp>, Fault> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}

pub(super) fn to_address(row: &Row, at: usize, column: &'static str) -> Result<Option<IpAddr>, Fault> {
    let text = row.get_ref(at)?.as_str_or_null().map_err(|_| Fault::Bad(column))?;
    text.map(|text| text.parse().map_err(|_| Fault::Bad(column))).transpose()
}

/// A value of a closed set of names.
pub(super) fn to_name<T>(
    row: &Row,
    at: usize,
    named: impl FnOnce(&str) -> Option<T>,
    column: &'static str,
) -> Result<T, Fault> {
    row.get_ref(at)?.as_str().ok().and_then(named).ok_or(Fault::Bad(column))
}

/// A value in JSON. What serde_json says of a bad one may quote it, so it is not passed on.
pub(super) fn to_json<T: serde::de::DeserializeOwned>(row: &Row, at: usize, column: &'static str) -> Result<T, Fault> {
    let text = row.get_ref(at)?.as_str().map_err(|_| Fault::Bad(column))?;
    serde_json::from_str(text).map_err(|_| Fault::Bad(column))
}
