//! What a server does by itself: take over changes made elsewhere, rotate keys, remove what no one needs.

use std::sync::Arc;
use std::time::Duration;

use tokenry_domain::session::KEPT_AFTER_END;
use tokenry_domain::store::Horizon;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

use crate::App;
use crate::trouble::Trouble;

/// Runs until it is dropped.
pub(crate) async fn run(app: &Arc<App>) {
    tokio::join!(
        app.pulse.beat(),
        follow(app),
        rotate(app),
        sweep(app),
        adjust(app),
        app.post.run(app),
        app.feed.run(&app.authority)
    );
}

/// Ticks, the first at once. What was missed is not made up for.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Commands beside the server change keys in the database; they count within 250 ms.
async fn follow(app: &App) {
    let mut ticks = every(Duration::from_millis(200));
    let mut trouble = Trouble::new("signing keys can't be read");
    loop {
        ticks.tick().await;
        if trouble.note(app.authority.reload_keys().await) == Some(true) {
            tracing::info!("signing keys changed");
        }
    }
}

async fn rotate(app: &App) {
    let mut ticks = every(ROTATION_CHECK);
    let mut trouble = Trouble::new("key rotation failed; it is tried again");
    loop {
        ticks.tick().await;
        for change in trouble.note(app.authority.rotate_due().await).into_iter().flatten() {
            tracing::info!(kid = change.kid, change = change.kind.name(), "key rotation");
        }
    }
}

/// Clocks drift.
async fn adjust(app: &App) {
    let Some(clock) = &app.shared_clock else { return };
    let mut ticks = every(CLOCK_CHECK);
    let mut trouble = Trouble::new("the database's clock can't be read");
    loop {
        ticks.tick().await;
        if let Some(millis) = trouble.note(clock.adjust().await).filter(|millis| millis.abs() > SUSPICIOUS) {
            tracing::warn!(millis, "the database's clock is ahead of this one");
        }
    }
}

async fn sweep(app: &App) {
    let mut ticks = every(Duration::from_secs(60));
    loop {
        ticks.tick().await;
        let now = app.authority.now();
        let before = Horizon { sessions: now - KEPT_AFTER_END, audit: now - app.config.audit.retention.0 };
        loop {
            let started = Instant::now();
            match app.authority.store().sweep(now, before, SWEPT_AT_ONCE).await {
                Ok(0) => break,
                Ok(rows) => {
                    tracing::debug!(rows, "removed old rows");
                    // At least half of the time is others'.
                    sleep(started.elapsed()).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "removing old rows failed; it is tried again");
                    break;
                }
            }
        }
    }
}

const CLOCK_CHECK: Duration = Duration::from_secs(10);
/// A difference between clocks that someone should look at, in milliseconds.
const SUSPICIOUS: i64 = 5000;
const ROTATION_CHECK: Duration = Duration::from_secs(1);
/// Few, so that no other write waits long.
const SWEPT_AT_ONCE: u32 = 50;
