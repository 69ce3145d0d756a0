mod database;
mod restore;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;

use axum::Router;
use tokenry_domain::authority::Authority;
use tokenry_domain::password::{HashPool, Parameters};
use tokenry_domain::random::{self, Random};
use tokenry_domain::seal::SealError;
use tokenry_domain::store::StoreError;
use tokenry_domain::time::Clock;
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Builder;

use self::database::{BackupError, ConnectError, LockError, OpenError, Opened, Options, ServeLock, SharedClock};
pub(crate) use self::database::{Report, back_up};
pub(crate) use self::restore::restore;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::feed::{Announcing, Feed};
use crate::http::Kit;
use crate::mail::{Mailer, Post};
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::social::Providers;
use crate::{http, master_key, upkeep};

/// A token system, ready to answer.
pub struct App {
    pub(crate) authority: Authority,
    pub(crate) config: Config,
    /// What all pages have in common.
    pub(crate) kit: Kit,
    pub(crate) feed: Arc<Feed>,
    pub(crate) metrics: Metrics,
    pub(crate) pulse: Pulse,
    pub(crate) social: Providers,
    pub(crate) post: Post,
    /// Of a database that several nodes share.
    pub(crate) shared_clock: Option<Arc<SharedClock>>,
    random: Arc<dyn Random>,
    leaving: AtomicBool,
}

/// Why a token system can't start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The PostgreSQL database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database, once open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A back-up.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Another process serves.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// A file.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The master key's text.
    #[error("{origin}: {source}")]
    MasterKey {
        /// Where the text came from.
        origin: String,
        /// Why it is none.
        source: SealError,
    },
    /// Keys are stored and the key that sealed them is missing.
    #[error(
        "keys exist, but {0} does not: put the master key back, or set TOKENRY_MASTER_KEY. \
         (To start anew and end every session, move the data directory away.)"
    )]
    MasterKeyLost(PathBuf),
    /// The stored keys.
    #[error("the stored keys can't be used: {0}")]
    Keys(tokenry_domain::Error),
}

impl App {
    /// Opens the database and the keys of `config`, making both when there are none.
    ///
    /// `listen` is the address that the issuer is derived from when none is configured.
    pub async fn open(config: Config, listen: SocketAddr) -> Result<Arc<Self>, StartError> {
        Self::open_with(config, listen, Arc::new(SystemClock), Options::default()).await
    }

    /// [`App::open`] with a clock and a store of one's own choosing.
    #[doc(hidden)]
    pub async fn open_with(
        config: Config,
        listen: SocketAddr,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Arc<Self>, StartError> {
        let settings = config.settings(listen)?;
        let kit = Kit::new(&config, &settings.issuer)?;
        let social = Providers::new(&config)?;
        let mailer = Mailer::new(&config.delivery(listen)?)?;
        let parameters = hash_parameters(&config)?;
        let Opened { store, clock, shared_clock } = database::open(&config, clock, options).await?;
        let random: Arc<dyn Random> = Arc::new(random::System::new());
        let master = master_key::find(&config, &store.keys().await?, &*random)?;
        let threads = match config.password.threads {
            0 => available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let hasher = HashPool::new(parameters, threads, MOST_WAITING, Arc::clone(&random));
        let (revoked, mailed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let store = Arc::new(Announcing::new(store, Arc::clone(&revoked), Arc::clone(&mailed)));
        let authority = Authority::open(settings, store, clock, Arc::clone(&random), hasher, master)
            .await
            .map_err(StartError::Keys)?;
        if shared_clock.is_some() {
            sleep(authority.settles_in().await.map_err(StartError::Keys)?).await;
        }
        let post = Post::new(mailer, mailed);
        let feed = Arc::new(Feed::new(revoked, config.revocations.subscribers));
        let metrics = Metrics::new(&node(&config, listen));
        Ok(Arc::new(Self {
            authority,
            config,
            kit,
            feed,
            metrics,
            pulse: Pulse::default(),
            social,
            post,
            shared_clock,
            random,
            leaving: AtomicBool::new(false),
        }))
    }

    /// The right to serve the database of `config`.
    pub(crate) fn lock(config: &Config) -> Result<Option<ServeLock>, StartError> {
        database::lock(config)
    }

    /// All calls and pages. Nest it in an application whose `issuer` names the path.
    ///
    /// Serve it with [`axum::extract::ConnectInfo`] of [`SocketAddr`], or no address is known to throttle by.
    pub fn router(self: &Arc<Self>) -> Router {
        http::router(Arc::clone(self))
    }

    /// The paths of all pages.
    #[doc(hidden)]
    pub fn pages() -> &'static [&'static str] {
        &http::PAGES
    }

    /// Rotates keys, follows what other processes change, and removes what no one needs any more. Run it beside the
    /// router, as long as that is served.
    pub async fn upkeep(self: Arc<Self>) {
        upkeep::run(&self).await;
    }

    /// Sends the mails that are due, as [`App::upkeep`] does by itself. Returns how many were sent.
    pub async fn send_mail(self: &Arc<Self>) -> Result<usize, tokenry_domain::Error> {
        self.post.send_due(self).await
    }

    /// The rules, for callers in the same process.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Answers go on, and tell clients to ask elsewhere from now on. Subscriptions end.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.feed.end();
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    pub(crate) async fn metrics_text(&self) -> String {
        if let Ok(queue) = self.authority.store().mail_queue().await {
            self.metrics.mail_queue(queue, self.authority.now());
        }
        self.metrics.text(self.authority.hash_load().queued(), self.feed.subscribers())
    }

    pub(crate) fn request_id(&self) -> String {
        let mut bytes = [0; 16];
        // An identifier for logs: if the system has no randomness left, nothing else works anyway.
        let _ = self.random.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// What this process is called in logs and metrics.
pub(crate) fn node(config: &Config, listen: SocketAddr) -> String {
    config.server.node.clone().unwrap_or_else(|| listen.to_string())
}

fn hash_parameters(config: &Config) -> Result<Parameters, ConfigError> {
    let memory = u32::try_from(config.password.memory.0 / 1024).unwrap_or(u32::MAX);
    let parameters = Parameters { memory, iterations: config.password.iterations, parallelism: 1 };
    let bounded = memory <= MOST_MEMORY && (1..=64).contains(&config.password.iterations);
    match bounded && parameters.is_valid() {
        true => Ok(parameters),
        false => {
            Err(ConfigError("password.memory: takes 8KiB to 256MiB; password.iterations: takes 1 to 64".to_owned()))
        }
    }
}

/// Log-ins that may wait for a hasher.
const MOST_WAITING: usize = 1024;
/// What a stored hash may ask for at most, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;
