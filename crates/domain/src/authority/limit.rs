//! How many sessions a user may have at once: a new one ends the oldest.
//!
//! A log-in ends them in its own commit. Log-ins that race don't see each other before it, so each looks again between
//! its commit and its answer: the last of them to commit sees all, and whoever sees too many chooses the same to end, by
//! when they began. Once all are answered the limit holds. A crash in between leaves too many until the next log-in.
//!
//! A sign-up needs none of this: no log-in finds the account before its first session.

use super::Authority;
use crate::error::Error;
use crate::id::UserId;
use crate::session::{End, EndReason};
use crate::store::{Sessions, Write};

impl Authority {
    /// What makes room for one more session. To be asked for before the moment at which that one begins, so that none
    /// that it ends is newer.
    pub(super) async fn room_for_one_more(&self, user: UserId) -> Result<Vec<Write>, Error> {
        match self.settings.sessions_per_user {
            Some(most) => self.ends_of_all_but(most.saturating_sub(1), user).await,
            None => Ok(Vec::new()),
        }
    }

    /// Ends what log-ins that raced have left above the limit. To be done after the commit that begins a session and
    /// before it is handed out.
    pub(super) async fn keep_to_the_limit(&self, user: UserId) -> Result<(), Error> {
        let Some(most) = self.settings.sessions_per_user else { return Ok(()) };
        loop {
            let ends = self.ends_of_all_but(most, user).await?;
            if ends.is_empty() {
                return Ok(());
            }
            self.store.commit(ends).await?;
        }
    }

    /// Ends of a user's live sessions but the `kept` newest; of very many some, and none only if there are none.
    async fn ends_of_all_but(&self, kept: u32, user: UserId) -> Result<Vec<Write>, Error> {
        let now = self.now();
        let (end, until) = (End { at: now, reason: EndReason::Logout }, self.revoked_until(now));
        let mut limit = kept.saturating_add(ENDED_AT_ONCE);
        loop {
            let sessions = self.store.sessions_of(user, limit).await?;
            let are_all = sessions.len() < limit as usize;
            let oldest = sessions.into_iter().filter(|session| session.is_live(now)).skip(kept as usize);
            let ends = oldest.map(|session| Write::EndSessions { which: Sessions::One(session.id), end, until });
            let ends: Vec<Write> = ends.collect();
            if are_all || !ends.is_empty() {
                return Ok(ends);
            }
            // What has expired hides older ones that have not.
            limit = limit.saturating_mul(2);
        }
    }
}

/// Few, so that no other write waits long.
const ENDED_AT_ONCE: u32 = 100;
