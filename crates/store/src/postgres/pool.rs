//! The connections, and the one way in which statements are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime};
use tokenry_domain::store::StoreError;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Config, Row};

use super::Options;
use super::error::{Fault, describe};
use super::pipeline::{self, jitter};
use super::step::Step;
use super::tls::Tls;
use super::value::Value;

/// A handle on the connections, which are made when they are needed.
///
/// Nothing is kept on a connection from one transaction to the next, neither a setting nor a prepared statement: behind
/// PgBouncer each transaction may run on another one.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    connections: deadpool_postgres::Pool,
    patience: Duration,
    begin: Arc<str>,
    written: Arc<AtomicBool>,
}

impl Pool {
    pub(super) fn new(config: Config, tls: Tls, options: &Options) -> Result<Self, Fault> {
        // A connection is known to be closed as soon as the server says so: nothing is asked before each use.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let connections = deadpool_postgres::Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(options.pool_size.max(1))
            .create_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Fault::Unavailable(error.to_string()))?;
        let begin = pipeline::begin(options.patience).into();
        Ok(Self { connections, patience: options.patience, begin, written: Arc::default() })
    }

    /// One statement that changes nothing, outside of any transaction: it sees all that was committed before.
    pub(super) async fn read(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Fault> {
        let rows = self.run(&[Step::new(sql, values)], Kind::Read).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// All of `steps` in one transaction, or none. Gives the rows of each.
    ///
    /// On a task of its own: a caller who goes away does not cut it short.
    pub(super) async fn transact(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        let pool = self.clone();
        let task = tokio::spawn(async move { pool.run(&steps, Kind::Write).await });
        let outcome = task.await.unwrap_or_else(|error| Err(Fault::Unavailable(error.to_string())));
        self.written.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    /// Whether the newest transaction went through and this was not asked since.
    pub(super) fn take_written(&self) -> bool {
        self.written.swap(false, Ordering::Relaxed)
    }

    /// How long a call may take in all.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// A connection to use in another way.
    pub(super) async fn lease(&self) -> Result<Lease, Fault> {
        match self.connections.get().await {
            Ok(object) => Ok(Lease(Some(object))),
            Err(PoolError::Backend(error)) => Err(Fault::Unavailable(describe(&error))),
            Err(error) => Err(Fault::Unavailable(error.to_string())),
        }
    }

    async fn run(&self, steps: &[Step], kind: Kind) -> Result<Vec<Vec<Row>>, Fault> {
        let in_time = timeout(self.patience, self.attempts(steps, kind)).await;
        in_time.unwrap_or_else(|_| Err(Fault::Unavailable("the database did not answer in time".to_owned())))
    }

    async fn attempts(&self, steps: &[Step], kind: Kind) -> Result<Vec<Vec<Row>>, Fault> {
        for attempt in 0.. {
            let lease = self.lease().await?;
            let outcome = match (kind, lease.client(), steps) {
                (Kind::Read, client, [step]) => pipeline::query(client, step).await.map(|rows| vec![rows]),
                (_, client, steps) => pipeline::transaction(client, &self.begin, steps).await,
            };
            lease.settle();
            if outcome.as_ref().is_err_and(Fault::lost_the_connection) {
                // What ended this one has likely ended those that wait, too.
                self.connections.retain(|_, _| false);
            }
            match outcome {
                Err(fault) if fault.lost_a_race() && attempt < MOST_RETRIES => sleep(jitter(attempt)).await,
                // Whatever became of it, a read can be done again.
                Err(fault) if kind == Kind::Read && attempt == 0 && fault.lost_the_connection() => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Unavailable("too many transactions are in each other's way".to_owned()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// A connection in use. Unless it is settled it is closed, not given back: who knows what it is in the middle of.
#[derive(Debug)]
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) fn client(&self) -> &tokio_postgres::Client {
        // Only `settle` and `drop` take it, and both end the lease.
        self.0.as_ref().map(|object| &***object).expect("a lease that has not ended")
    }

    /// Gives it back: everything that was asked has been answered, and no transaction is open.
    pub(super) fn settle(mut self) {
        self.0 = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

impl From<Fault> for super::ConnectError {
    fn from(fault: Fault) -> Self {
        match StoreError::from(fault) {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

/// How often a transaction that lost against another is tried again; the time for all of them is bounded besides.
const MOST_RETRIES: u32 = 30;
