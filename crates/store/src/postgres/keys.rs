use tokenry_domain::keys::{KeyRecord, KeyState, Purpose};
use tokenry_domain::seal::Sealed;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::{Value, values};

pub(super) async fn all(pool: &Pool) -> Result<Vec<KeyRecord>, Fault> {
    pool.read(ALL, Vec::new()).await?.iter().map(from_row).collect()
}

pub(super) fn insert(key: &KeyRecord) -> Step {
    Step::new(INSERT, values(key, column::word(key.version)))
}

pub(super) fn update(key: &KeyRecord) -> Step {
    let mut values = values(key, column::next(key.version));
    values.push(column::word(key.version).into());
    Step::new(UPDATE, values)
}

fn values(key: &KeyRecord, version: i64) -> Vec<Value> {
    values![
        key.kid.as_str(),
        key.purpose.name(),
        key.algorithm.name(),
        key.state.name(),
        key.public.as_deref(),
        key.private.as_ref().map(Sealed::as_bytes),
        key.created_at,
        key.changed_at,
        column::span(key.token_life),
        key.token_life_since,
        version,
    ]
}

fn from_row(row: &Row) -> Result<KeyRecord, Fault> {
    Ok(KeyRecord {
        kid: column::to(row, 0, "keys.kid")?,
        purpose: column::to_name(row, 1, Purpose::from_name, "keys.purpose")?,
        algorithm: column::to_name(row, 2, |name| name.parse().ok(), "keys.algorithm")?,
        state: column::to_name(row, 3, KeyState::from_name, "keys.state")?,
        public: column::to(row, 4, "keys.public")?,
        private: column::to::<Option<Vec<u8>>>(row, 5, "keys.private")?.map(Sealed::from_bytes),
        created_at: column::to_time(row, 6, "keys.created_at")?,
        changed_at: column::to_time(row, 7, "keys.changed_at")?,
        token_life: column::to_span(row, 8, "keys.token_life")?,
        token_life_since: column::to_time(row, 9, "keys.token_life_since")?,
        version: column::to_word(row, 10, "keys.version")?,
    })
}

pub(super) const ALL: &str = "\
    SELECT kid, purpose, algorithm, state, public, private, created_at, changed_at, \
        token_life, token_life_since, version FROM keys \
    ORDER BY created_at, kid";

pub(super) const INSERT: &str = "\
    INSERT INTO keys (kid, purpose, algorithm, state, public, private, created_at, changed_at, \
        token_life, token_life_since, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub(super) const UPDATE: &str = must!(
    "UPDATE keys SET purpose = $2, algorithm = $3, state = $4, public = $5, private = $6, created_at = $7, \
        changed_at = $8, token_life = $9, token_life_since = $10, version = $11 \
     WHERE kid = $1 AND version = $12"
);
