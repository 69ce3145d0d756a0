//! Bringing a database up to date, once, however many nodes start at the same time.
//!
//! Everything happens in one transaction that first takes a row and keeps it. Unlike an advisory lock of a session, a
//! row is held on whichever connection PgBouncer chooses, on engines that have no advisory locks too, and no longer than
//! the transaction lives. What was killed half-way has not happened.

use refinery::Migration;
use tokio::time::sleep;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::ConnectError;
use super::error::{Fault, describe};
use super::pipeline::jitter;
use super::pool::Pool;

refinery::embed_migrations!("migrations/postgres");

pub(super) async fn run(pool: &Pool) -> Result<(), ConnectError> {
    let steps = migrations::runner().get_migrations().clone();
    let known = steps.iter().map(Migration::version).max().unwrap_or(0);
    for attempt in 0.. {
        let lease = pool.lease().await?;
        let client = lease.client();
        if text(client, ISOLATION).await.map_err(Fault::from)?.as_deref() == Some("repeatable read") {
            return Err(ConnectError::Isolation);
        }
        // Nothing is written, and no one waited for, when it is up to date: the usual case.
        let found = version(client).await?;
        if found > known {
            return Err(ConnectError::Newer { found, known });
        }
        if found == known {
            lease.settle();
            return Ok(());
        }
        match migrate(client, &steps).await {
            Ok(()) => lease.settle(),
            // Two that make the same table at once get one of several errors.
            Err(error) if attempt < MOST_RETRIES && is_race(&error) => sleep(jitter(attempt)).await,
            Err(error) => return Err(ConnectError::Migration(describe(&error))),
        }
    }
    Ok(())
}

/// Takes the row, and applies what is missing then. The transaction is open when it fails: the connection is to close.
async fn migrate(client: &Client, steps: &[Migration]) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(PREPARE).await?;
    client.batch_execute(BEGIN).await?;
    client.batch_execute(HISTORY).await?;
    let found = number(client, VERSION).await?;
    for step in steps.iter().filter(|step| step.version() > found) {
        client.batch_execute(step.sql().unwrap_or_default()).await?;
        let (version, name, checksum) = (step.version(), step.name(), step.checksum().to_string());
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(&version, Type::INT4), (&name, Type::TEXT), (&checksum, Type::TEXT)];
        client.query_typed(RECORD, &values).await?;
    }
    client.batch_execute("COMMIT").await
}

/// The newest step that was done; 0 in a database that is not yet Tokenry's.
async fn version(client: &Client) -> Result<i32, Fault> {
    match text(client, EXISTS).await? {
        Some(_) => Ok(number(client, VERSION).await?),
        None => Ok(0),
    }
}

async fn number(client: &Client, sql: &str) -> Result<i32, tokio_postgres::Error> {
    Ok(text(client, sql).await?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The first column of the first row, by the protocol that prepares nothing.
async fn text(client: &Client, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let mut rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
        _ => None,
    });
    Ok(rows.next().flatten())
}

fn is_race(error: &tokio_postgres::Error) -> bool {
    // Serialization failure, deadlock, unique violation, duplicate table or type, tuple concurrently updated.
    let races = ["40001", "40P01", "23505", "42P07", "42710", "XX000"];
    error.code().is_some_and(|code| races.contains(&code.code()))
}

const MOST_RETRIES: u32 = 20;
const ISOLATION: &str = "SHOW default_transaction_isolation";
const EXISTS: &str = "SELECT to_regclass('refinery_schema_history')";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// The row to hold, which must be there before it can be.
const PREPARE: &str = "CREATE TABLE IF NOT EXISTS migration_lock (id bigint NOT NULL PRIMARY KEY); \
    INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT DO NOTHING";
/// READ COMMITTED: what the one before has done must be seen after waiting for it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE";
/// As refinery makes it.
const HISTORY: &str = "CREATE TABLE IF NOT EXISTS refinery_schema_history \
    (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))";
const RECORD: &str = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
    VALUES ($1, $2, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), $3)";
