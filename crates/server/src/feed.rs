//! The revocation feed: what the store holds, kept at hand for whoever follows it.
//!
//! Subscribers share one log and each remembers a place in it, so that a slow one costs no memory. The log is read again
//! when this process revokes something, and every 100 ms for what other processes revoke.

mod announcing;
mod log;
mod matching;
mod seat;
mod subscription;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use tokenry_domain::Error;
use tokenry_domain::authority::Authority;
use tokenry_domain::flight::Flight;
use tokenry_domain::throttle::network;
use tokenry_jwt::Claims;
use tokio::sync::{Mutex, Notify, Semaphore, watch};

pub(crate) use announcing::Announcing;
use log::Log;
pub(crate) use log::Snapshot;
use seat::Seat;
pub(crate) use subscription::Position;

use crate::trouble::Trouble;
use crate::upkeep::every;

/// The feed of this process.
pub(crate) struct Feed {
    log: RwLock<Log>,
    /// One reader of the store at a time, for all who ask meanwhile.
    reading: Flight,
    /// The newest snapshot, and in which second it was made.
    rendered: Mutex<Option<(i64, Snapshot)>>,
    /// Counts the changes of `log`.
    changes: watch::Sender<u64>,
    revoked: Arc<Notify>,
    places: Arc<Semaphore>,
    most: usize,
    /// Of those that follow.
    seats: std::sync::Mutex<Vec<Weak<Seat>>>,
    /// Seconds that it has run.
    beats: AtomicU64,
}

impl Feed {
    /// A feed that is empty until it is read. `revoked` tells it that there is something new.
    pub(crate) fn new(revoked: Arc<Notify>, most_subscribers: usize) -> Self {
        Self {
            log: RwLock::default(),
            reading: Flight::new(),
            rendered: Mutex::default(),
            changes: watch::Sender::new(0),
            revoked,
            places: Arc::new(Semaphore::new(most_subscribers)),
            most: most_subscribers,
            seats: std::sync::Mutex::default(),
            beats: AtomicU64::new(0),
        }
    }

    /// Follows the store, and states each second, signed, where the feed stands. Runs until it is dropped.
    pub(crate) async fn run(&self, authority: &Authority) {
        let mut polls = every(POLL);
        let mut beats = every(BEAT);
        let mut trouble = Trouble::new("the revocation feed can't be read");
        loop {
            let is_beat = tokio::select! {
                () = self.revoked.notified() => false,
                _ = polls.tick() => false,
                _ = beats.tick() => true,
            };
            if is_beat {
                self.count_beat();
                self.forget_snapshot(authority);
            }
            let read = self.read(authority).await;
            // A statement that could not be made is one that no guard hears: it notices.
            trouble.note(read.and_then(|()| if is_beat { self.state(authority) } else { Ok(()) }));
        }
    }

    /// What the entries are called, as of now: who knows those of that name needs no snapshot.
    pub(crate) async fn etag(&self, authority: &Authority) -> Result<String, Error> {
        self.read(authority).await?;
        Ok(self.log().etag())
    }

    /// All that a guard must know, as of now. One for all who ask within a second, as long as nothing changes: it may be
    /// large, and it is held for as long as the slowest reads it.
    pub(crate) async fn snapshot(&self, authority: &Authority) -> Result<Snapshot, Error> {
        let etag = self.etag(authority).await?;
        let mut rendered = self.rendered.lock().await;
        let now = authority.now().seconds();
        if let Some((at, snapshot)) = &*rendered
            && *at == now
            && snapshot.etag == etag
        {
            return Ok(snapshot.clone());
        }
        let outline = self.log().outline();
        let snapshot = outline.render(authority)?;
        *rendered = Some((now, snapshot.clone()));
        Ok(snapshot)
    }

    fn forget_snapshot(&self, authority: &Authority) {
        if let Ok(mut rendered) = self.rendered.try_lock() {
            rendered.take_if(|(at, _)| *at < authority.now().seconds());
        }
    }

    /// The events after `position`, as long as the feed runs; nothing when there is no place for someone at `address`.
    pub(crate) async fn subscribe(
        self: &Arc<Self>,
        authority: &Authority,
        position: Position,
        address: Option<IpAddr>,
    ) -> Result<Option<impl Stream<Item = Event> + Send + use<>>, Error> {
        let Some(seat) = self.seat(address.map(network)) else { return Ok(None) };
        self.read(authority).await?;
        Ok(Some(subscription::stream(Arc::clone(self), self.changes.subscribe(), position, seat)))
    }

    /// A seat for someone in `network`. Where all places are taken, the newest of the network that holds most of them is
    /// left to one that holds fewer: no network can keep all others from following.
    fn seat(&self, network: Option<IpAddr>) -> Option<Arc<Seat>> {
        let take = || Arc::clone(&self.places).try_acquire_owned().ok();
        // Until the newcomer is seated: of many who come at once, each is counted.
        let mut seats = self.seats();
        let place = take().or_else(|| {
            let mut held: HashMap<Option<IpAddr>, Vec<Arc<Seat>>> = HashMap::new();
            for seat in seats.iter().filter_map(Weak::upgrade).filter(|seat| seat.has_place()) {
                held.entry(seat.network).or_default().push(seat);
            }
            let own = held.get(&network).map_or(0, Vec::len);
            let most = held.into_values().max_by_key(Vec::len).filter(|most| most.len() > own + 1)?;
            most.last()?.give_up();
            take()
        })?;
        let seat = Arc::new(Seat::new(place, network));
        seats.push(Arc::downgrade(&seat));
        Some(seat)
    }

    /// Whether an entry matches these claims, as far as this process has read the feed.
    pub(crate) fn revokes(&self, claims: &Claims) -> bool {
        self.log().after(0, usize::MAX).iter().any(|entry| matching::is_match(&entry.json, claims))
    }

    /// How many follow the feed.
    pub(crate) fn subscribers(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }

    fn beat(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Whoever does not read makes room for others.
    fn count_beat(&self) {
        let beat = self.beats.fetch_add(1, Ordering::Relaxed) + 1;
        self.seats().retain(|seat| seat.upgrade().is_some_and(|seat| seat.keep(beat)));
    }

    /// Ends all subscriptions, so that the process can.
    pub(crate) fn end(&self) {
        self.log_mut().is_over = true;
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Takes over what the store has, as of now, and the log has not.
    async fn read(&self, authority: &Authority) -> Result<(), Error> {
        let read = async || self.take_over(authority).await;
        self.reading.share(read, || Error::Unavailable("the feed could not be read a moment ago".to_owned())).await
    }

    async fn take_over(&self, authority: &Authority) -> Result<(), Error> {
        let mut is_changed = false;
        loop {
            // The newest known entry is read again: where it is missing or another, commits were lost.
            let from = self.log().newest().seq.saturating_sub(1);
            let mut found = authority.store().revocations(from, PAGE).await?;
            let is_known = self.log().continues_with(&found);
            if !is_known && from > 0 {
                found = authority.store().revocations(0, PAGE).await?;
            }
            let is_all = found.len() < PAGE as usize;
            let mut log = self.log_mut();
            is_changed |= if is_known { log.append(found) } else { log.replace(found) };
            if is_all {
                log.forget(authority.now());
                break;
            }
        }
        if is_changed || self.log().heartbeat().is_none() { self.state(authority) } else { Ok(()) }
    }

    /// States, signed, where the feed stands.
    fn state(&self, authority: &Authority) -> Result<(), Error> {
        let mut log = self.log_mut();
        let heartbeat = authority.sign_place(log.newest().seq, log.digest(), None)?;
        log.set_heartbeat(heartbeat);
        drop(log);
        self.changes.send_modify(|changes| *changes += 1);
        Ok(())
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> RwLockReadGuard<'_, Log> {
        self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_mut(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What another process revoked is seen within this.
const POLL: Duration = Duration::from_millis(100);
const BEAT: Duration = Duration::from_secs(1);
/// Entries read at once.
const PAGE: u32 = 1000;
