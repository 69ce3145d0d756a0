//! What a guard does by itself: it keeps the issuer's keys, follows the revocation feed, and drops what is over.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use url::Url;

use crate::Freshness;
use crate::feed::chain::Place;
use crate::feed::{Events, Fault, Follower, Snapshot, Statement};
use crate::issuer::{Endpoints, FetchError, Issuer, MAX_JWKS};
use crate::keys::{Asker, KeysFile};
use crate::shared::Shared;

/// The tasks of a guard. They end when it is dropped.
pub(crate) struct Tasks {
    handles: Vec<JoinHandle<()>>,
    follow_feed: bool,
}

/// What the tasks work on.
pub(crate) struct Background {
    shared: Arc<Shared>,
    issuer: Issuer,
    endpoints: watch::Sender<Option<Endpoints>>,
    /// Whether keys and revocations were loaded, or tried to.
    first_round: watch::Sender<bool>,
    file: Option<KeysFile>,
    most_revocations: usize,
    silence: Duration,
}

/// Why the feed can't be followed any further at the moment.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the feed has ended")]
    Ended,
    #[error("the feed is silent")]
    Silent,
    #[error("the answer is not an event stream")]
    NoEvents,
}

impl Tasks {
    pub(crate) fn spawn(background: Background, follow_feed: bool) -> Self {
        let background = Arc::new(background);
        // Whoever asks for a key now waits for the fetch that begins.
        background.shared.keys.begin_fetch();
        let mut handles = vec![
            tokio::spawn(Arc::clone(&background).keep_keys(follow_feed)),
            tokio::spawn(Arc::clone(&background).keep_up()),
        ];
        if follow_feed {
            handles.push(tokio::spawn(background.follow_feed()));
        }
        Self { handles, follow_feed }
    }

    pub(crate) fn follow_feed(&self) -> bool {
        self.follow_feed
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }
}

impl Background {
    pub(crate) fn new(shared: Arc<Shared>, issuer: Issuer, file: Option<KeysFile>, limits: (usize, Duration)) -> Self {
        let (most_revocations, silence) = limits;
        let background = Self {
            shared,
            issuer,
            endpoints: watch::Sender::default(),
            first_round: watch::Sender::new(false),
            file,
            most_revocations,
            silence,
        };
        background.read_file();
        background
    }

    pub(crate) fn first_round(&self) -> watch::Receiver<bool> {
        self.first_round.subscribe()
    }

    /// Once a second: forgets revocations that are over, and tells of a change of freshness.
    async fn keep_up(self: Arc<Self>) {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = Freshness::Cold;
        loop {
            ticks.tick().await;
            self.shared.revocations.sweep(self.shared.freshness.date(self.shared.clock.now()));
            let freshness = self.shared.freshness.now(self.shared.clock.elapsed());
            if freshness != known {
                let (from, to) = (known.name(), freshness.name());
                match freshness {
                    Freshness::Fresh => tracing::info!(issuer = self.issuer.name(), from, to, "revocations"),
                    _ => tracing::warn!(issuer = self.issuer.name(), from, to, "revocations"),
                }
                known = freshness;
            }
        }
    }

    async fn keep_keys(self: Arc<Self>, follow_feed: bool) {
        let mut failures = 0;
        let mut discovered: Option<Instant> = None;
        loop {
            self.shared.keys.begin_fetch();
            if discovered.is_some_and(|at| at.elapsed() > REDISCOVER) {
                discovered = None;
            }
            let result = self.fetch_keys(&mut discovered).await;
            failures = if result.is_ok() { 0 } else { failures + 1 };
            let pause = match &result {
                Ok(()) => spread(REFRESH),
                Err(error) => {
                    tracing::warn!(issuer = self.issuer.name(), %error, failures, "no keys from the issuer");
                    discovered = None;
                    backoff(failures)
                }
            };
            let feeds = self.endpoints.borrow().as_ref().is_some_and(|endpoints| endpoints.revocations.is_some());
            if result.is_err() || !follow_feed || !feeds {
                self.first_round.send_replace(true);
            }
            self.shared.keys_error.set(result.as_ref().err().cloned());
            self.shared.keys.end_fetch(result.is_ok());
            tokio::select! {
                () = sleep(pause) => {}
                () = self.shared.keys.asked() => {}
            }
        }
    }

    async fn fetch_keys(&self, discovered: &mut Option<Instant>) -> Result<(), String> {
        let known = self.endpoints.borrow().clone().filter(|_| discovered.is_some());
        let endpoints = match known {
            Some(endpoints) => endpoints,
            None => self.issuer.discover().await.map_err(|error| error.to_string())?,
        };
        let jwks = self.issuer.fetch(&endpoints.jwks, MAX_JWKS).await.map_err(|error| error.to_string())?;
        let elapsed = self.shared.clock.elapsed();
        let is_new = self.shared.keys.confirm(&jwks, elapsed).map_err(|error| error.to_string())?;
        discovered.get_or_insert_with(Instant::now);
        self.endpoints.send_if_modified(|known| {
            let is_changed = known.as_ref() != Some(&endpoints);
            *known = Some(endpoints);
            is_changed
        });
        if is_new {
            tracing::info!(issuer = self.issuer.name(), keys = self.shared.keys.current().set.len(), "keys loaded");
            self.write_file().await;
        }
        Ok(())
    }

    async fn follow_feed(self: Arc<Self>) {
        let mut endpoints = self.endpoints.subscribe();
        let mut place: Option<Place> = None;
        let mut failures: u32 = 0;
        loop {
            let has_feed = |known: &Option<Endpoints>| known.as_ref().is_some_and(|known| known.revocations.is_some());
            let url = match endpoints.wait_for(has_feed).await {
                Ok(known) => known.as_ref().and_then(|known| known.revocations.clone()),
                Err(_) => None,
            };
            let Some(url) = url else { return };
            let interrupted = self.follow(&url, &mut place, &mut failures).await;
            self.first_round.send_replace(true);
            failures = failures.saturating_add(1);
            if let Interrupted::Fault(fault) = &interrupted {
                match fault {
                    Fault::Reset => place = None,
                    Fault::UnknownKey => self.ask_for_keys().await,
                    fault => {
                        self.shared.counters.faults.fetch_add(1, Ordering::Relaxed);
                        // The place is the issuer's; what an older statement says is not worth another snapshot.
                        place = place.filter(|_| *fault == Fault::Replayed);
                    }
                }
            }
            tracing::warn!(issuer = self.issuer.name(), reason = %interrupted, failures, "revocation feed interrupted");
            self.shared.feed_error.set(Some(interrupted.to_string()));
            sleep(backoff(failures)).await;
        }
    }

    /// Follows the feed, from a snapshot where no place in it is known, until it is interrupted.
    async fn follow(&self, url: &Url, place: &mut Option<Place>, failures: &mut u32) -> Interrupted {
        let result: Result<(), Interrupted> = async {
            let from = match *place {
                Some(place) => place,
                None => *place.insert(self.load(url).await?),
            };
            let mut answer = self.issuer.revocations(url, Some(&from.id())).await?;
            let content_type = answer.headers().get(http::header::CONTENT_TYPE).map(|value| value.as_bytes());
            if !content_type.is_some_and(|found| found.to_ascii_lowercase().starts_with(b"text/event-stream")) {
                return Err(Interrupted::NoEvents);
            }
            self.shared.counters.connections.fetch_add(1, Ordering::Relaxed);
            let (mut follower, mut events) = (Follower::at(from), Events::default());
            let mut heard = Instant::now();
            loop {
                let silence = self.silence.saturating_sub(heard.elapsed());
                let chunk = timeout(silence, answer.chunk()).await.map_err(|_| Interrupted::Silent)?;
                let chunk = chunk.map_err(FetchError::from)?.ok_or(Interrupted::Ended)?;
                let mut batch = Vec::new();
                events.read(&chunk, |event| batch.push(event))?;
                for event in &batch {
                    let statement = match follower.hear(event, &*self.shared, &self.shared.revocations) {
                        // A new key signs: an emergency rotation comes without notice.
                        Err(Fault::UnknownKey) => {
                            self.ask_for_keys().await;
                            follower.hear(event, &*self.shared, &self.shared.revocations)?
                        }
                        heard => heard?,
                    };
                    if let Some(statement) = statement {
                        // Comments and entries that nothing covers are no sign of life.
                        heard = Instant::now();
                        (*place, *failures) = (Some(follower.place()), 0);
                        self.note(statement);
                    }
                }
            }
        }
        .await;
        result.err().unwrap_or(Interrupted::Ended)
    }

    /// Loads the snapshot, and keeps what was held before.
    async fn load(&self, url: &Url) -> Result<Place, Interrupted> {
        let load = async {
            let mut answer = self.issuer.revocations(url, None).await?;
            let mut snapshot = Snapshot::new(self.most_revocations);
            while let Some(chunk) = answer.chunk().await.map_err(FetchError::from)? {
                snapshot.read(&chunk, &*self.shared)?;
            }
            Ok::<_, Interrupted>(snapshot.finish(&*self.shared)?)
        };
        let loaded = timeout(SNAPSHOT, load).await.map_err(|_| FetchError::Slow)??;
        for piece in loaded.entries {
            piece.into_iter().for_each(|pending| self.shared.revocations.apply(pending));
            // Requests are served meanwhile.
            tokio::task::yield_now().await;
        }
        self.shared.freshness.load();
        self.note(loaded.statement);
        self.shared.counters.snapshots.fetch_add(1, Ordering::Relaxed);
        let (seq, held) = (loaded.place.seq, self.shared.revocations.len());
        tracing::info!(issuer = self.issuer.name(), seq, held, "revocations loaded");
        self.first_round.send_replace(true);
        Ok(loaded.place)
    }

    fn note(&self, statement: Statement) {
        let (now, elapsed) = (self.shared.clock.now(), self.shared.clock.elapsed());
        if self.shared.freshness.hear(statement.at, now, elapsed) {
            self.shared.feed_error.set(None);
            return;
        }
        let (at, issuer) = (statement.at, self.issuer.name());
        if self.shared.counters.wrong_times.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(issuer, at, now, "the feed's date is not this machine's: held back, or a clock is wrong");
        }
        self.shared.feed_error.set(Some(format!("a statement made at {at} arrived at {now}")));
    }

    /// Has the keys fetched, unless that was done a moment ago.
    async fn ask_for_keys(&self) {
        if let Some(mut fetch) = self.shared.keys.ask(Asker::Feed, self.shared.clock.elapsed()) {
            let _ = timeout(KEYS_PATIENCE, fetch.changed()).await;
        }
    }

    fn read_file(&self) {
        let Some(file) = &self.file else { return };
        match file.read(self.issuer.name()) {
            Ok(Some(set)) => {
                let keys = tokenry_jwt::KeySet::from(&set);
                tracing::info!(issuer = self.issuer.name(), keys = keys.len(), "keys read from the file");
                self.shared.keys.set(keys, set.to_json());
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(file = %file.path().display(), %error, "no keys from the file"),
        }
    }

    async fn write_file(&self) {
        let Some(file) = self.file.clone() else { return };
        let (issuer, jwks) = (self.issuer.name().to_owned(), self.shared.keys.json());
        let path = file.path().to_owned();
        let written = tokio::task::spawn_blocking(move || file.write(&issuer, &jwks)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(file = %path.display(), %error, "the keys could not be kept");
        }
    }
}

/// A quarter of a second, doubled each time up to half a minute, and spread so that a fleet does not return at once.
fn backoff(failures: u32) -> Duration {
    spread((Duration::from_millis(125) * 2_u32.saturating_pow(failures.min(8))).min(Duration::from_secs(30)))
}

/// Between half of it and all of it, at random.
fn spread(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) >> 32;
    time / 2 + (time / 2).mul_f64(random as f64 / f64::from(u32::MAX))
}

/// Shorter than the hour for which a key is published before it signs.
const REFRESH: Duration = Duration::from_secs(300);
const REDISCOVER: Duration = Duration::from_secs(3600);
/// How long a snapshot may take.
const SNAPSHOT: Duration = Duration::from_secs(120);
const KEYS_PATIENCE: Duration = Duration::from_secs(10);
