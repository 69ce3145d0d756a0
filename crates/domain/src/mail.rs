//! Mails that wait to be sent. A mail is queued in the commit that causes it, without the link that it will carry: that
//! is signed when the mail is sent, so a stolen database holds no working link.

use std::time::Duration;

use crate::id::{MailId, TokenId, UserId};
use crate::name::Email;
use crate::one_time::Purpose;
use crate::session::Client;
use crate::time::Timestamp;

/// A mail as the store keeps it, until it is sent or given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Names it: in its `Message-ID`, too, so that a repeated one is recognised.
    pub id: MailId,
    /// What it says.
    pub letter: Letter,
    /// In which language.
    pub language: Language,
    /// Where it goes.
    pub to: Email,
    /// Whose account it is about.
    pub user: UserId,
    /// The one-time token of its link. When that is no longer there, the mail is pointless.
    pub token: TokenId,
    /// The client that caused it.
    pub client: Client,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Not to be sent before. Whoever takes it in hand moves this on: it is the lease.
    pub due_at: Timestamp,
    /// How often it was taken in hand.
    pub attempts: u32,
    /// Counts changes: what a compare-and-swap compares.
    pub version: u64,
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailQueue {
    /// How many mails.
    pub length: u64,
    /// When the first of them was queued.
    pub since: Option<Timestamp>,
}

impl Mail {
    /// When to try again after the attempt that has just failed; `None`: never. A refusal counts for more than silence.
    pub(crate) fn retry_at(&self, is_refused: bool, now: Timestamp) -> Option<Timestamp> {
        let most = if is_refused { MOST_REFUSALS } else { MOST_ATTEMPTS };
        let wait = FIRST_WAIT * 2_u32.saturating_pow(self.attempts.saturating_sub(1).min(16));
        let at = now + wait.min(LONGEST_WAIT);
        (self.attempts < most && at < self.pointless_at()).then_some(at)
    }

    /// When its link has expired.
    pub(crate) fn pointless_at(&self) -> Timestamp {
        self.created_at + self.letter.purpose().life()
    }
}

macro_rules! names {
    ($(#[$meta:meta])* $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_meta])* $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the store, on the command line and in output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

names! {
    /// What a mail says.
    Letter {
        /// A link that verifies the address.
        Verification = "verification",
        /// A link that sets a new password.
        PasswordReset = "password-reset",
        /// A link that logs in.
        LoginLink = "login-link",
        /// A link, to the new address, that moves the account there.
        EmailChange = "email-change",
        /// To the old address: the account has moved to another one.
        EmailChanged = "email-changed",
        /// A log-in from a device that had no session.
        NewDevice = "new-device",
        /// The password was changed.
        PasswordChanged = "password-changed",
        /// An identity at a provider was linked.
        IdentityLinked = "identity-linked",
        /// A stolen refresh token was used, and its session ended.
        SessionStolen = "session-stolen",
    }
}

names! {
    /// The language of a mail: that of the request which caused it.
    #[derive(Default)]
    Language {
        /// English.
        #[default]
        English = "en",
        /// Korean.
        Korean = "ko",
    }
}

impl Letter {
    /// What its link is good for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Verification => Purpose::VerifyEmail,
            Self::PasswordReset => Purpose::ResetPassword,
            Self::LoginLink => Purpose::LogIn,
            Self::EmailChange => Purpose::ChangeEmail,
            Self::EmailChanged
            | Self::NewDevice
            | Self::PasswordChanged
            | Self::IdentityLinked
            | Self::SessionStolen => Purpose::NotMe,
        }
    }
}

/// How long who takes a mail in hand has it alone, unless they hold on to it: so long it waits after a crash.
pub const LEASE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Over about four hours.
const MOST_ATTEMPTS: u32 = 13;
/// A server that says "never" may be misconfigured for a moment.
const MOST_REFUSALS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(letter: Letter, attempts: u32) -> Mail {
        Mail {
            id: MailId::from_bytes([1; 16]),
            letter,
            language: Language::English,
            to: Email::parse("kim@example.com").unwrap(),
            user: UserId::from_bytes([2; 16]),
            token: TokenId::from_bytes([3; 16]),
            client: Client::default(),
            created_at: Timestamp::from_seconds(0),
            due_at: Timestamp::from_seconds(0),
            attempts,
            version: 0,
        }
    }

    #[test]
    fn each_wait_is_longer_until_it_is_given_up() {
        let mut now = Timestamp::from_seconds(0);
        let mut waits = Vec::new();
        for attempts in 1.. {
            let Some(at) = mail(Letter::NewDevice, attempts).retry_at(false, now) else { break };
            waits.push(at.since(now).as_secs());
            now = at;
        }
        assert!(waits.is_sorted() && waits.len() == 12, "{waits:?}");
        assert_eq!((waits[0], waits[1], waits[11]), (10, 20, 3600));
    }

    #[test]
    fn a_refusal_is_believed_after_four() {
        let now = Timestamp::from_seconds(0);
        let tries =
            |refused| (1..).take_while(|n| mail(Letter::NewDevice, *n).retry_at(refused, now).is_some()).count();
        assert_eq!((tries(true), tries(false)), (3, 12));
    }

    #[test]
    fn a_link_that_would_have_expired_is_not_sent() {
        let late = Timestamp::from_seconds(890);
        assert!(mail(Letter::LoginLink, 1).retry_at(false, late - Duration::from_secs(1)).is_some());
        assert!(mail(Letter::LoginLink, 1).retry_at(false, late).is_none());
    }

    #[test]
    fn an_absurd_number_of_attempts_overflows_nothing() {
        assert!(mail(Letter::NewDevice, u32::MAX).retry_at(false, Timestamp::from_millis(i64::MAX)).is_none());
    }
}
