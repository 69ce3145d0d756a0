use tokenry_domain::revocation::{Revocation, RevocationKind, RevocationRecord};
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::Step;
use super::value::values;

/// The feed's row is held already: see [`LOCK`].
pub(super) fn append(revocation: &Revocation) -> Step {
    let Revocation { kind, value, before, until } = revocation;
    Step::new(APPEND, values![kind.name(), value.as_str(), *before, *until])
}

pub(super) async fn after(pool: &Pool, seq: u64, limit: u32) -> Result<Vec<RevocationRecord>, Fault> {
    pool.read(AFTER, values![column::count(seq), limit]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<RevocationRecord, Fault> {
    Ok(RevocationRecord {
        seq: column::to_word(row, 0, "revocations.seq")?,
        tag: column::to_word(row, 1, "revocations.tag")?,
        revocation: Revocation {
            kind: column::to_name(row, 2, RevocationKind::from_name, "revocations.kind")?,
            value: column::to(row, 3, "revocations.value")?,
            before: column::to_time_if(row, 4, "revocations.before")?,
            until: column::to_time(row, 5, "revocations.until")?,
        },
    })
}

/// 62 random bits: the second half of a random UUID.
macro_rules! tag {
    () => {
        "('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint"
    };
}
pub(super) use tag;

/// Makes whoever else appends wait until this transaction has ended.
pub(super) const LOCK: &str = "SELECT seq FROM feed WHERE id = 1 FOR UPDATE";

pub(super) const APPEND: &str = concat!(
    "WITH place AS (UPDATE feed SET seq = seq + 1 WHERE id = 1 RETURNING seq) \
     INSERT INTO revocations (seq, tag, kind, value, before, until) \
     SELECT seq, ",
    tag!(),
    ", $1::text, $2::text, $3::bigint, $4::bigint FROM place"
);

pub(super) const AFTER: &str =
    "SELECT seq, tag, kind, value, before, until FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2::bigint";
