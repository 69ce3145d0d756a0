//! What the rules need of a database: a few reads, and one atomic commit.

use async_trait::async_trait;

use crate::account::User;
use crate::audit::{AuditEvent, AuditFilter, AuditRecord};
use crate::id::{IdentityId, MailId, SessionId, TokenId, UserId};
use crate::identity::{Identity, Person};
use crate::keys::KeyRecord;
use crate::mail::{Mail, MailQueue};
use crate::name::{Email, Username};
use crate::one_time::OneTimeToken;
use crate::pending::{Pending, PendingId};
use crate::revocation::{Revocation, RevocationRecord};
use crate::session::{End, Session};
use crate::time::Timestamp;

/// Tokenry's state. Every method sees all commits acknowledged before it was called.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies `writes` in order, all or none. When this returns `Ok`, they are durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] names the first write that did not hold; nothing was changed then. After
    /// [`StoreError::Unavailable`] the writes may or may not have happened.
    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError>;

    /// The user of that identifier.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user whose username has the same key.
    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError>;

    /// The user whose e-mail address has the same key.
    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;

    /// Users in the order of their identifiers.
    async fn users(&self, page: UserPage) -> Result<Vec<User>, StoreError>;

    /// A session and its user, if the account still exists.
    async fn session(&self, id: SessionId) -> Result<Option<(Session, Option<User>)>, StoreError>;

    /// A user's sessions that were not ended, newest first, at most `limit`.
    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError>;

    /// All keys that are not yet forgotten, oldest first.
    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError>;

    /// Audit events, newest first.
    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>, StoreError>;

    /// Revocations after a place in the feed, oldest first, at most `limit`.
    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError>;

    /// A one-time token that was neither spent nor voided.
    async fn one_time(&self, id: TokenId) -> Result<Option<OneTimeToken>, StoreError>;

    /// The identity of a person at a provider.
    async fn identity(&self, person: &Person) -> Result<Option<Identity>, StoreError>;

    /// A user's identities, oldest first.
    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// What waits under that name and was not spent.
    async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError>;

    /// Mails that are due at `now`, those due first first, at most `limit`.
    async fn mails_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// How many mails wait, and how long the first of them has.
    async fn mail_queue(&self) -> Result<MailQueue, StoreError>;

    /// Removes, in one short step of at most `limit` rows each, what no one needs any more: revocations whose `until`
    /// has come, one-time tokens and pending things that have expired, and sessions and audit events as [`Horizon`]
    /// says. Returns how many rows went; 0 when none were left.
    /// Revocations go oldest first and stop before one that is still needed, and the newest of those that could go
    /// stays: the digests of all that follow build on its own.
    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError>;

    /// Whether the store answers: a read of the real database, and room to write.
    async fn ready(&self) -> Result<(), StoreError>;
}

/// One step of a commit.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds an account; both names must be free.
    InsertUser(User),
    /// Replaces the account whose stored version is `user.version`, and counts the version up.
    UpdateUser(User),
    /// Changes nothing, but holds only while the account's stored version is this one: what was decided about the
    /// account when it was read still holds at the commit.
    ExpectUser {
        /// The account.
        id: UserId,
        /// Its stored version.
        version: u64,
    },
    /// Removes an account and its identities. Its sessions stay, without it, until they are swept.
    DeleteUser {
        /// The account.
        id: UserId,
        /// Its stored version.
        version: u64,
    },
    /// Adds a session.
    InsertSession(Session),
    /// Replaces the refresh state, times and client of the session whose stored version is `session.version` and that
    /// was not ended, and counts the version up.
    UpdateSession(Session),
    /// Ends the session whose stored version is `version` and that was not ended: a decision about its refresh state.
    EndSession {
        /// The session.
        id: SessionId,
        /// Its stored version.
        version: u64,
        /// When and why.
        end: End,
        /// How long the feed carries it.
        until: Timestamp,
    },
    /// Ends all chosen sessions that were not ended. None is no conflict.
    EndSessions {
        /// Which.
        which: Sessions,
        /// When and why.
        end: End,
        /// How long the feed carries them.
        until: Timestamp,
    },
    /// Appends to the feed. (Ending a session appends its own entry.)
    Revoke(Revocation),
    /// Appends to the audit log.
    Audit(AuditEvent),
    /// Adds a key; its `kid` must be free ([`Conflict::Id`] otherwise), and there is at most one upcoming and one signing
    /// key of each purpose ([`Conflict::Changed`] otherwise), so that of several nodes one rotates.
    InsertKey(KeyRecord),
    /// Replaces the key whose stored version is `key.version`, and counts the version up. The bound of
    /// [`Write::InsertKey`] holds after each write of a commit.
    UpdateKey(KeyRecord),
    /// Adds a one-time token in the place of the one that its user has of the same purpose; one of
    /// [`Purpose::NotMe`](crate::one_time::Purpose::NotMe) takes no other's place.
    IssueOneTime(OneTimeToken),
    /// Removes a one-time token that is there ([`Conflict::Changed`] otherwise): of all who spend it, one succeeds.
    SpendOneTime(TokenId),
    /// Removes all one-time tokens of a user, except those that say "this was not me" and were issued before a moment.
    VoidOneTime {
        /// The user.
        user: UserId,
        /// Those that say "this was not me" stay if they are older than this; `None`: all of them stay.
        not_me_since: Option<Timestamp>,
    },
    /// Links an identity to an account that is there. Its person must be free: [`Conflict::Identity`] otherwise.
    InsertIdentity(Identity),
    /// Removes an identity that is its user's ([`Conflict::Changed`] otherwise).
    RemoveIdentity {
        /// The identity.
        id: IdentityId,
        /// Whose it is.
        user: UserId,
    },
    /// Removes all identities of a user that were linked since a moment, but for one. None is no conflict.
    RemoveIdentities {
        /// The user.
        user: UserId,
        /// Those that were linked before this stay.
        since: Timestamp,
        /// And so does this one.
        kept: Option<IdentityId>,
    },
    /// Adds what waits to be spent.
    InsertPending(Pending),
    /// Removes what waits under that name ([`Conflict::Changed`] if nothing does): of all who spend it, one succeeds.
    SpendPending(PendingId),
    /// Removes all that waits, of a database that was restored: what was spent since must not be good again.
    VoidPending,
    /// Adds a mail to the queue.
    QueueMail(Mail),
    /// Replaces when the mail whose stored version is `mail.version` is due and how often it was tried, and counts the
    /// version up.
    UpdateMail(Mail),
    /// Removes the mail whose stored version is this one.
    RemoveMail {
        /// The mail.
        id: MailId,
        /// Its stored version.
        version: u64,
    },
}

/// Which sessions to end.
#[derive(Clone, Copy, Debug)]
pub enum Sessions {
    /// This one.
    One(SessionId),
    /// This one, if it belongs to the user.
    OneOf(UserId, SessionId),
    /// All of a user.
    Of(UserId),
    /// All of a user but one.
    OfExcept(UserId, SessionId),
    /// All of a user that began with an identity, but for one.
    OfIdentity(UserId, IdentityId, Option<SessionId>),
}

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Sessions that it ended.
    pub sessions_ended: u64,
}

/// A page of users.
#[derive(Clone, Debug, Default)]
pub struct UserPage {
    /// After this one.
    pub after: Option<UserId>,
    /// Only those with this text in the key of a name.
    pub contains: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// How long things that have ended are kept.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// Sessions that ended or expired before this moment go.
    pub sessions: Timestamp,
    /// Audit events before this moment go.
    pub audit: Timestamp,
}

/// The store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition of the commit did not hold.
    #[error("the commit was refused: {0}")]
    Conflict(Conflict),
    /// The database can't be reached, is full or too busy: try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database holds what can't be: a defect, or damage.
    #[error("the database holds a bad value: {0}")]
    Corrupt(String),
}

/// Which condition of a commit did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another account has that username.
    #[error("the username is taken")]
    Username,
    /// Another account has that e-mail address.
    #[error("the e-mail address is taken")]
    Email,
    /// The row is gone, was ended or has another version: read again and decide again.
    #[error("the row has changed")]
    Changed,
    /// The identity is linked already.
    #[error("the identity is linked to an account")]
    Identity,
    /// The identifier is taken.
    #[error("the identifier is taken")]
    Id,
}
