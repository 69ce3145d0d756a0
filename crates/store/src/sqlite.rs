mod audit;
mod checkpointer;
mod column;
mod connection;
mod error;
mod identities;
mod keys;
mod mails;
mod migrations;
mod one_time;
mod pending;
#[cfg(test)]
mod plans;
mod reader;
mod revocations;
mod sessions;
#[cfg(test)]
mod statements;
mod sweep;
mod users;
mod work;
mod writer;

use std::path::Path;
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
use tokenry_domain::session::{End, Session};
use tokenry_domain::store::{Committed, Horizon, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;

use self::checkpointer::Checkpointer;
use self::reader::Readers;
use self::sweep::Sweep;
use self::work::Work;
use self::writer::Writer;

pub(crate) use self::connection::reader;
pub use self::migrations::OpenError;

/// A database in one SQLite file.
///
/// Dropping it finishes the commits that are queued, moves the write-ahead log into the database and closes it.
#[derive(Debug)]
pub struct Sqlite {
    // Dropped before the writer, whose last checkpoint needs the readers gone.
    readers: Arc<Readers>,
    writer: Writer,
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a commit waits while another process writes, before it is answered as unavailable.
    pub busy_timeout: Duration,
    /// The most pages of 4,096 bytes that the database may grow to; a commit that needs more is answered as
    /// unavailable, as on a full disk. `None`: as the file system allows.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), max_pages: None }
    }
}

impl Sqlite {
    /// Opens the database at `path`. Creates it, readable by its owner only, if there is none, and brings an older one
    /// up to date. Several processes may do so at once.
    ///
    /// # Errors
    ///
    /// [`OpenError::Newer`] and [`OpenError::Foreign`] for a file that is not for this program: it stays as it is.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let connection = migrations::open(path, &options)?;
        let io = |error| OpenError::Io(path.to_owned(), error);
        let path = path.canonicalize().map_err(io)?;
        let readers = Arc::new(Readers::new(path.clone(), options.busy_timeout));
        let writer = Writer::start(connection, Checkpointer::new(path, options)).map_err(io)?;
        Ok(Self { readers, writer })
    }

    /// Sessions that were ended, and how, in the order of their identifiers.
    pub(crate) async fn ended_sessions(
        &self,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, End)>, StoreError> {
        self.readers.list(move |connection| sessions::ended(connection, after, limit)).await
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        if writes.is_empty() {
            return Ok(Committed::default());
        }
        let done = self.writer.submit(Work::Commit(writes)).await?;
        Ok(Committed { sessions_ended: done.rows })
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.readers.point(move |connection| users::by_id(connection, id)).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let key = username.key().to_owned();
        self.readers.point(move |connection| users::by_username(connection, &key)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let key = email.key().to_owned();
        self.readers.point(move |connection| users::by_email(connection, &key)).await
    }

    async fn users(&self, page: UserPage) -> Result<Vec<User>, StoreError> {
        self.readers.list(move |connection| users::page(connection, &page)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<(Session, Option<User>)>, StoreError> {
        self.readers.point(move |connection| sessions::by_id(connection, id)).await
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError> {
        self.readers.list(move |connection| sessions::live_of(connection, user, limit)).await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.readers.list(keys::all).await
    }

    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.readers.list(move |connection| audit::list(connection, &filter)).await
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        self.readers.list(move |connection| revocations::after(connection, after, limit)).await
    }

    async fn one_time(&self, id: TokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.readers.point(move |connection| one_time::by_id(connection, id)).await
    }

    async fn identity(&self, person: &Person) -> Result<Option<Identity>, StoreError> {
        let person = person.clone();
        self.readers.point(move |connection| identities::by_person(connection, &person)).await
    }

    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        self.readers.list(move |connection| identities::of(connection, user)).await
    }

    async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError> {
        self.readers.point(move |connection| pending::by_id(connection, id)).await
    }

    async fn mails_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        self.readers.list(move |connection| mails::due(connection, now, limit)).await
    }

    async fn mail_queue(&self) -> Result<MailQueue, StoreError> {
        self.readers.list(mails::queue).await
    }

    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError> {
        let sweep = Sweep { now, before, limit };
        // A step that only found rows to look at later says nothing about the rows behind them.
        loop {
            let done = self.writer.submit(Work::Sweep(sweep)).await?;
            if done.rows > 0 || !done.more {
                return Ok(done.rows);
            }
        }
    }

    /// Reads from the database, and writes to it unless another commit has just done so: a full disk is noticed, and
    /// so is that it has room again.
    async fn ready(&self) -> Result<(), StoreError> {
        self.readers.list(|connection| Ok(connection.query_row(READ, [], |_| Ok(()))?)).await?;
        if !self.writer.take_written() {
            self.writer.submit(Work::Probe).await?;
        }
        Ok(())
    }
}

const READ: &str = "SELECT number FROM probe WHERE id = 1";
