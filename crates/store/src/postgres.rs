mod audit;
mod column;
mod error;
mod gather;
mod identities;
mod keys;
mod mails;
mod migrations;
mod one_time;
mod pending;
mod pipeline;
mod pool;
mod revocations;
mod sessions;
#[cfg(test)]
mod statements;
mod step;
mod sweep;
mod tls;
mod url;
mod users;
mod value;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokenry_domain::account::User;
use tokenry_domain::audit::{AuditFilter, AuditRecord};
use tokenry_domain::id::{SessionId, TokenId, UserId};
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::keys::KeyRecord;
use tokenry_domain::mail::{Mail, MailQueue};
use tokenry_domain::name::{Email, Username};
use tokenry_domain::one_time::OneTimeToken;
use tokenry_domain::pending::{Pending, PendingId};
use tokenry_domain::revocation::RevocationRecord;
use tokenry_domain::session::Session;
use tokenry_domain::store::{Committed, Horizon, Store, StoreError, UserPage, Write};
use tokenry_domain::time::{Clock, Timestamp};

use self::gather::Gatherer;
use self::pool::Pool;
use self::step::Step;

/// A PostgreSQL database, or one on an engine that speaks its protocol; PgBouncer may stand before it in any mode.
///
/// Any number of processes may use it at once, each with its own connections.
#[derive(Debug)]
pub struct PostgresStore {
    pool: Pool,
    lookups: Arc<Gatherer<sessions::Lookup>>,
    updates: Arc<Gatherer<sessions::Update>>,
    swept: sweep::Place,
}

/// How a PostgreSQL database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most connections.
    pub pool_size: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a call may take in all, with its connection and its tries, before it is answered as unavailable.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { pool_size: 16, connect_timeout: Duration::from_secs(2), patience: Duration::from_secs(3) }
    }
}

/// A PostgreSQL database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL. It may hold a password, so it is not quoted.
    #[error("the database URL is not understood: write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require")]
    Url,
    /// The system's certificates.
    #[error("the certificates that this system trusts can't be used: {0}")]
    Tls(String),
    /// The server can't be reached, or refuses.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A newer Tokenry has made or changed it.
    #[error("the database has schema {found}, this program knows {known}: run the newer program")]
    Newer {
        /// Its schema.
        found: i32,
        /// The newest schema that this program knows.
        known: i32,
    },
    /// Its transactions would not see what they must.
    #[error("default_transaction_isolation is 'repeatable read': use 'read committed' or 'serializable'")]
    Isolation,
    /// A step towards the present schema failed; none was taken.
    #[error("the database can't be brought up to date: {0}")]
    Migration(String),
}

impl PostgresStore {
    /// Opens the database at `url`, and brings an empty or older one up to date. Several processes may do so at once.
    ///
    /// `sslmode=require` in it demands TLS with a certificate that the system trusts (`SSL_CERT_FILE` may name another
    /// set) for the host of the URL, as libpq's `verify-full` does; `prefer`, the default, takes any certificate or none.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Newer`] for a database that is not for this program: it stays as it is.
    pub async fn connect(url: &str, options: Options) -> Result<Self, ConnectError> {
        let config = self::url::parse(url, &options)?;
        let tls = tls::connector(config.get_ssl_mode()).map_err(|error| ConnectError::Tls(error.to_string()))?;
        let pool = Pool::new(config, tls, &options)?;
        migrations::run(&pool).await?;
        Ok(Self { pool, lookups: Gatherer::new(), updates: Gatherer::new(), swept: sweep::Place::default() })
    }

    /// How far the database's clock is ahead of `clock`, in milliseconds; negative when it is behind. Off by at most half
    /// of what the fastest of a few questions took.
    pub async fn clock_offset(&self, clock: &dyn Clock) -> Result<i64, StoreError> {
        let mut best = (i64::MAX, 0);
        for _ in 0..CLOCK_QUESTIONS {
            let asked = clock.now().millis();
            let rows = self.pool.read(CLOCK, Vec::new()).await?;
            let took = clock.now().millis().saturating_sub(asked);
            let database: i64 = rows.first().map_or(Ok(asked), |row| column::to(row, 0, "clock"))?;
            best = best.min((took, database.saturating_sub(asked).saturating_sub(took / 2)));
        }
        Ok(best.1)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let writes = match <[Write; 1]>::try_from(writes) {
            Ok([Write::UpdateSession(session)]) => {
                self.updates.ask(&self.pool, sessions::Update(session)).await?;
                return Ok(Committed::default());
            }
            Ok(one) => one.into(),
            Err(several) => several,
        };
        let steps = step::steps(&writes)?;
        if steps.is_empty() {
            return Ok(Committed::default());
        }
        let ending: Vec<bool> = steps.iter().map(|step| step.ends_sessions).collect();
        let mut committed = Committed::default();
        for (rows, _) in self.pool.transact(steps).await?.iter().zip(ending).filter(|(_, ends)| *ends) {
            committed.sessions_ended += rows.first().map_or(Ok(0), |row| column::to_word(row, 0, "ended"))?;
        }
        Ok(committed)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(users::by_id(&self.pool, id).await?)
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        Ok(users::by_username(&self.pool, username.key()).await?)
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        Ok(users::by_email(&self.pool, email.key()).await?)
    }

    async fn users(&self, page: UserPage) -> Result<Vec<User>, StoreError> {
        Ok(users::page(&self.pool, page).await?)
    }

    async fn session(&self, id: SessionId) -> Result<Option<(Session, Option<User>)>, StoreError> {
        self.lookups.ask(&self.pool, sessions::Lookup(id)).await
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError> {
        Ok(sessions::live_of(&self.pool, user, limit).await?)
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        Ok(keys::all(&self.pool).await?)
    }

    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        Ok(audit::list(&self.pool, filter).await?)
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        Ok(revocations::after(&self.pool, after, limit).await?)
    }

    async fn one_time(&self, id: TokenId) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(one_time::by_id(&self.pool, id).await?)
    }

    async fn identity(&self, person: &Person) -> Result<Option<Identity>, StoreError> {
        Ok(identities::by_person(&self.pool, person).await?)
    }

    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        Ok(identities::of(&self.pool, user).await?)
    }

    async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError> {
        Ok(pending::by_id(&self.pool, id).await?)
    }

    async fn mails_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        Ok(mails::due(&self.pool, now, limit).await?)
    }

    async fn mail_queue(&self) -> Result<MailQueue, StoreError> {
        Ok(mails::queue(&self.pool).await?)
    }

    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError> {
        Ok(sweep::run(&self.pool, &self.swept, now, before, limit).await?)
    }

    /// Reads from the database, and writes to it unless another commit has just done so: a full disk is noticed, and
    /// so is a server that only reads.
    async fn ready(&self) -> Result<(), StoreError> {
        self.pool.read(READ, Vec::new()).await?;
        if !self.pool.take_written() {
            self.pool.transact(vec![Step::new(PROBE, Vec::new())]).await?;
        }
        Ok(())
    }
}

const READ: &str = "SELECT number FROM probe WHERE id = 1";
const PROBE: &str = "UPDATE probe SET number = (number + 1) % 1000000 WHERE id = 1";
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const CLOCK_QUESTIONS: usize = 3;

#[cfg(test)]
mod tests;
