use tokenry_domain::revocation::{FeedDigest, Revocation, RevocationKind, RevocationRecord};
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
        digest: column::to_key(row, 6, "revocations.digest")?
            .map(FeedDigest::from_bytes)
            .ok_or(Fault::Bad("revocations.digest"))?,
    })
}

/// 62 random bits: the second half of a random UUID.
macro_rules! tag {
    () => {
        "('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint"
    };
}
pub(super) use tag;

/// The digest of an entry, by [`FeedDigest`]'s rule: all before it, its numbers, and its text. Times are in
/// milliseconds here and in seconds there.
macro_rules! digest {
    ($before:literal, $seq:literal, $tag:literal, $from:literal, $until:literal, $text:literal) => {
        concat!(
            "sha256(",
            $before,
            " || int8send(",
            $seq,
            ") || int8send(",
            $tag,
            ") || int8send(coalesce(",
            $from,
            " / 1000, 0)) || int8send((",
            $until,
            " + 999) / 1000) || convert_to(",
            $text,
            ", 'UTF8'))"
        )
    };
}
pub(super) use digest;

/// Makes whoever else appends wait until this transaction has ended.
pub(super) const LOCK: &str = "SELECT seq FROM feed WHERE id = 1 FOR UPDATE";

pub(super) const APPEND: &str = concat!(
    "WITH entry AS (SELECT ",
    tag!(),
    " AS tag), \
     place AS (UPDATE feed SET seq = feed.seq + 1, digest = ",
    digest!("feed.digest", "feed.seq + 1", "entry.tag", "$3::bigint", "$4::bigint", "$1::text || ':' || $2::text"),
    " FROM entry WHERE id = 1 RETURNING feed.seq, feed.digest, entry.tag) \
     INSERT INTO revocations (seq, tag, kind, value, before, until, digest) \
     SELECT seq, tag, $1::text, $2::text, $3::bigint, $4::bigint, digest FROM place"
);

pub(super) const AFTER: &str =
    "SELECT seq, tag, kind, value, before, until, digest FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2::bigint";
