use tokenry_domain::id::{IdentityId, UserId};
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::time::Timestamp;
use tokio_postgres::Row;

use super::column;
use super::error::Fault;
use super::pool::Pool;
use super::step::{Step, must};
use super::value::values;

pub(super) async fn by_person(pool: &Pool, person: &Person) -> Result<Option<Identity>, Fault> {
    let values = values![person.issuer.as_str(), person.subject.as_str()];
    pool.read(BY_PERSON, values).await?.first().map(from_row).transpose()
}

pub(super) async fn of(pool: &Pool, user: UserId) -> Result<Vec<Identity>, Fault> {
    pool.read(OF_USER, values![user]).await?.iter().map(from_row).collect()
}

pub(super) fn insert(identity: &Identity) -> Step {
    Step::new(
        INSERT,
        values![
            identity.id,
            identity.person.issuer.as_str(),
            identity.person.subject.as_str(),
            identity.provider.as_str(),
            identity.user,
            identity.label.as_str(),
            identity.created_at,
        ],
    )
}

pub(super) fn remove(id: IdentityId, user: UserId) -> Step {
    Step::new(REMOVE, values![id, user])
}

pub(super) fn remove_all(user: UserId, since: Timestamp, kept: Option<IdentityId>) -> Step {
    Step::new(REMOVE_ALL, values![user, since, kept])
}

fn from_row(row: &Row) -> Result<Identity, Fault> {
    Ok(Identity {
        id: IdentityId::from_bytes(column::to_uuid(row, 0, "identities.id")?),
        person: Person {
            issuer: column::to(row, 1, "identities.issuer")?,
            subject: column::to(row, 2, "identities.subject")?,
        },
        provider: column::to(row, 3, "identities.provider")?,
        user: UserId::from_bytes(column::to_uuid(row, 4, "identities.user_id")?),
        label: column::to(row, 5, "identities.label")?,
        created_at: column::to_time(row, 6, "identities.created_at")?,
    })
}

pub(super) const BY_PERSON: &str = "\
    SELECT id, issuer, subject, provider, user_id, label, created_at FROM identities WHERE issuer = $1 AND subject = $2";

pub(super) const OF_USER: &str = "\
    SELECT id, issuer, subject, provider, user_id, label, created_at FROM identities WHERE user_id = $1 \
    ORDER BY created_at, id";

pub(super) const INSERT: &str = "\
    INSERT INTO identities (id, issuer, subject, provider, user_id, label, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const REMOVE: &str = must!("DELETE FROM identities WHERE id = $1 AND user_id = $2");

pub(super) const REMOVE_ALL: &str =
    "DELETE FROM identities WHERE user_id = $1 AND created_at >= $2 AND id IS DISTINCT FROM $3::uuid";
