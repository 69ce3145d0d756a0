//! The audit log: what happened to accounts, sessions and keys, and who did it. Never a secret, never what was typed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{SessionId, UserId};
use crate::time::Timestamp;

/// Something that happened, to be stored in the same transaction as the change itself.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Actor,
    /// To whose account.
    pub user: Option<UserId>,
    /// To which session.
    pub session: Option<SessionId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// Details by name: an object, or null.
    pub detail: Value,
}

/// A stored event with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Grows with every event of one store.
    pub seq: u64,
    /// The event.
    pub event: AuditEvent,
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The account's user, or whoever claims to be.
    User,
    /// An administrator through the admin calls.
    Admin,
    /// An operator at the command line.
    Operator,
    /// Tokenry itself.
    System,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditKind { $($(#[doc = $doc])* $variant,)* }

        impl AuditKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the store and in output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// An account was made.
    UserCreated = "user_created",
    /// An account was imported.
    UserImported = "user_imported",
    /// An account's names, roles or attributes changed.
    UserChanged = "user_changed",
    /// An account was disabled.
    UserDisabled = "user_disabled",
    /// An account was enabled.
    UserEnabled = "user_enabled",
    /// An account was deleted.
    UserDeleted = "user_deleted",
    /// A log-in succeeded.
    LoggedIn = "logged_in",
    /// A log-in failed.
    LoginFailed = "login_failed",
    /// A session was ended.
    SessionEnded = "session_ended",
    /// Several sessions of a user were ended.
    SessionsEnded = "sessions_ended",
    /// A refresh token was presented by a second party; its session was ended.
    RefreshReused = "refresh_reused",
    /// A client was ahead of the row: a back-up was restored.
    RefreshFastForward = "refresh_fast_forward",
    /// A refresh token had a right signature over a wrong `jti`: the refresh key leaked.
    RefreshForged = "refresh_forged",
    /// A password was changed.
    PasswordChanged = "password_changed",
    /// A link was asked for; without a user when no account has the address.
    LinkRequested = "link_requested",
    /// The owner of an e-mail address proved to read mail there.
    EmailVerified = "email_verified",
    /// An account moved to another e-mail address.
    EmailChanged = "email_changed",
    /// An account's owner said that something was not done by them; its sessions were ended and its password voided.
    NotMeReported = "not_me_reported",
    /// An identity at a provider was linked to an account.
    IdentityLinked = "identity_linked",
    /// An identity was unlinked from an account.
    IdentityUnlinked = "identity_unlinked",
    /// A provider said that a person has withdrawn their consent or is gone there; the identity's sessions were ended.
    IdentityWithdrawn = "identity_withdrawn",
    /// A mail could not be delivered.
    MailGivenUp = "mail_given_up",
    /// A key was made.
    KeyCreated = "key_created",
    /// A key began to sign.
    KeyActivated = "key_activated",
    /// A key began to sign tokens that live longer.
    KeyExtended = "key_extended",
    /// A key stopped signing.
    KeyRetired = "key_retired",
    /// A key was erased.
    KeyErased = "key_erased",
    /// The public half of a key that is gone was dropped.
    KeyForgotten = "key_forgotten",
    /// A key was revoked in an emergency.
    KeyRevoked = "key_revoked",
    /// All private keys were sealed under another master key.
    KeysResealed = "keys_resealed",
}

/// Which events to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of these kinds; empty: of all.
    pub kinds: Vec<AuditKind>,
    /// Only of this user.
    pub user: Option<UserId>,
    /// Only of this session.
    pub session: Option<SessionId>,
    /// Only at or after this moment.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
    /// Only before this place in the log: for the next page.
    pub before_seq: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Actor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Admin, Self::Operator, Self::System];

    /// The name in the store and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|actor| actor.name() == name)
    }
}
