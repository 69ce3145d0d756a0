//! What people are to know of the difference between a database and the older one that takes its place.

use tokenry_domain::account::{Status, User};
use tokenry_domain::store::{Store, StoreError, UserPage};

use super::restore::PAGE;
use crate::sqlite::Sqlite;

/// A part of a database, read on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Signing keys.
    Keys,
    /// The feed.
    Revocations,
    /// Sessions that have ended.
    Sessions,
    /// Accounts, and whatever they are compared by.
    Accounts,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Keys, Self::Revocations, Self::Sessions, Self::Accounts];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Revocations => "revocations",
            Self::Sessions => "sessions",
            Self::Accounts => "accounts",
        }
    }
}

/// How a restored database differs from the one that it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What of the replaced database could not be read, or not to its end: what it knew more is lost, or not told here.
    pub unread: Vec<Part>,
    /// Sessions that had ended since the back-up: they are ended again.
    pub sessions_ended: u64,
    /// Entries that the feed of the restored database did not have: they are in it again.
    pub revocations_kept: u64,
    /// Accounts made since: they are gone.
    pub accounts_lost: Vec<String>,
    /// Accounts deleted since: they are back.
    pub accounts_back: Vec<String>,
    /// Accounts disabled since: they are active again.
    pub accounts_active_again: Vec<String>,
    /// Accounts whose password has changed since: the older one is valid again.
    pub passwords_back: Vec<String>,
    /// Accounts with other roles since: they have the older ones again.
    pub roles_back: Vec<String>,
    /// Accounts that moved to another address since, or verified theirs: they are as they were.
    pub emails_back: Vec<String>,
    /// Accounts with other attributes since: they have the older ones again.
    pub attributes_back: Vec<String>,
    /// Accounts with other identities since: what was unlinked opens them again, and what was linked does not.
    pub identities_back: Vec<String>,
    /// Sessions begun since: their clients must log in again.
    pub sessions_lost: u64,
}

impl Report {
    /// Tells `then`, the database to be, from `present`.
    pub(super) async fn compare(&mut self, then: &Sqlite, present: &Sqlite) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = present.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for now in &page {
                for session in present.sessions_of(now.id, u32::MAX).await? {
                    self.sessions_lost += u64::from(then.session(session.id).await?.is_none());
                }
                match then.user(now.id).await? {
                    None => self.accounts_lost.push(name(now)),
                    Some(old) => {
                        if then.identities_of(now.id).await? != present.identities_of(now.id).await? {
                            self.identities_back.push(name(now));
                        }

                        if now.status == Status::Disabled && old.status == Status::Active {
                            self.accounts_active_again.push(name(now));
                        }
                        let hash = |user: &User| user.password.as_ref().map(|hash| hash.encoded().to_owned());
                        if hash(now) != hash(&old) {
                            self.passwords_back.push(name(now));
                        }
                        if now.roles != old.roles {
                            self.roles_back.push(name(now));
                        }
                        let email = |user: &User| {
                            let address = user.email.as_ref().map(|email| email.display().to_owned());
                            (address, user.email_verified)
                        };
                        if email(now) != email(&old) {
                            self.emails_back.push(name(now));
                        }
                        if now.attributes != old.attributes {
                            self.attributes_back.push(name(now));
                        }
                    }
                }
            }
        }
        let mut after = None;
        loop {
            let page = then.users(UserPage { after, limit: PAGE, ..UserPage::default() }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for then in &page {
                if present.user(then.id).await?.is_none() {
                    self.accounts_back.push(name(then));
                }
            }
        }
    }
}

/// What people call an account.
fn name(user: &User) -> String {
    let username = user.username.as_ref().map(|name| name.display());
    let name = username.or(user.email.as_ref().map(|email| email.display()));
    name.map_or_else(|| user.id.to_string(), str::to_owned)
}
