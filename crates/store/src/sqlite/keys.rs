use rusqlite::{Connection, Row, params};
use tokenry_domain::keys::{KeyRecord, KeyState, Purpose};
use tokenry_domain::seal::Sealed;

use super::column;
use super::error::Fault;
use super::users::changed;

pub(super) fn all(connection: &Connection) -> Result<Vec<KeyRecord>, Fault> {
    connection.prepare_cached(ALL)?.query_and_then([], from_row)?.collect()
}

pub(super) fn insert(connection: &Connection, key: &KeyRecord) -> Result<(), Fault> {
    write(connection, INSERT, key, column::word(key.version))?;
    Ok(())
}

pub(super) fn update(connection: &Connection, key: &KeyRecord) -> Result<(), Fault> {
    changed(write(connection, UPDATE, key, column::next(key.version))?)
}

fn write(connection: &Connection, sql: &str, key: &KeyRecord, version: i64) -> Result<usize, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![
        key.kid,
        key.purpose.name(),
        key.algorithm.name(),
        key.state.name(),
        key.public,
        key.private.as_ref().map(Sealed::as_bytes),
        key.created_at.millis(),
        key.changed_at.millis(),
        column::span(key.token_life),
        key.token_life_since.millis(),
        version,
        column::word(key.version),
    ];
    let count = statement.parameter_count();
    Ok(statement.execute(&parameters[..count])?)
}

fn from_row(row: &Row) -> Result<KeyRecord, Fault> {
    Ok(KeyRecord {
        kid: row.get(0)?,
        purpose: column::to_name(row, 1, Purpose::from_name, "keys.purpose")?,
        algorithm: column::to_name(row, 2, |name| name.parse().ok(), "keys.algorithm")?,
        state: column::to_name(row, 3, KeyState::from_name, "keys.state")?,
        public: row.get(4)?,
        private: row.get::<_, Option<Vec<u8>>>(5)?.map(Sealed::from_bytes),
        created_at: column::to_time(row, 6)?,
        changed_at: column::to_time(row, 7)?,
        token_life: column::to_span(row, 8)?,
        token_life_since: column::to_time(row, 9)?,
        version: column::to_word(row, 10)?,
    })
}

pub(super) const ALL: &str = "\
    SELECT kid, purpose, algorithm, state, public, private, created_at, changed_at, \
        token_life, token_life_since, version FROM keys \
    ORDER BY created_at, kid";

pub(super) const INSERT: &str = "\
    INSERT INTO keys (kid, purpose, algorithm, state, public, private, created_at, changed_at, \
        token_life, token_life_since, version) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

pub(super) const UPDATE: &str = "\
    UPDATE keys SET purpose = ?2, algorithm = ?3, state = ?4, public = ?5, private = ?6, created_at = ?7, \
        changed_at = ?8, token_life = ?9, token_life_since = ?10, version = ?11 \
    WHERE kid = ?1 AND version = ?12";
