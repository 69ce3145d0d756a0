//! One-time tokens: what a link in a mail carries. Each is spent in the database when it is first used.
//!
//! Like a refresh token it has two locks: the signature, by a key that is never published, and the `jti`, which must be
//! that of a row. The row, not the token, says what the token is bound to.

use std::time::Duration;

use aws_lc_rs::{constant_time, digest};
use serde::{Deserialize, Serialize};
use tokenry_jwt::{Claims, SignError, SigningKey};
use zeroize::Zeroizing;

use crate::account::User;
use crate::id::{TokenId, UserId};
use crate::name::Email;
use crate::password::PasswordHash;
use crate::random::{NoEntropy, Random};
use crate::time::Timestamp;

/// The `typ` of a one-time token.
pub const ONE_TIME: &str = "otp+jwt";

/// What a one-time token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Show that the account's owner reads mail at its address.
    VerifyEmail,
    /// Set a new password.
    ResetPassword,
    /// Log in.
    LogIn,
    /// Move the account to another address.
    ChangeEmail,
    /// Say that something was not done by the account's owner.
    NotMe,
}

/// A one-time token as the store keeps it, until it is spent, voided or expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Its `jti`.
    pub id: TokenId,
    /// Whose account it concerns.
    pub user: UserId,
    /// What it is good for. A user has one of each purpose; of [`Purpose::NotMe`], one for each mail.
    pub purpose: Purpose,
    /// The address that it is sent to: whoever presents it reads mail there.
    pub email: Email,
    /// What of the account it is bound to, as a digest: when that has changed, the token is void.
    pub state: [u8; 32],
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl OneTimeToken {
    /// A token for `user`, to be sent to `email`.
    pub(crate) fn issue(
        purpose: Purpose,
        user: &User,
        email: Email,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Self, NoEntropy> {
        Ok(Self {
            id: TokenId::generate(random)?,
            user: user.id,
            purpose,
            email,
            state: purpose.state_of(user),
            created_at: now,
            expires_at: now + purpose.life(),
        })
    }

    /// Whether the account is as it was when the token was issued, as far as the purpose depends on it.
    pub(crate) fn is_bound_to(&self, user: &User) -> bool {
        let state = self.purpose.state_of(user);
        self.user == user.id && constant_time::verify_slices_are_equal(&state, &self.state).is_ok()
    }

    /// The token itself. The same row gives the same bytes while the key is the same.
    pub(crate) fn sign(&self, key: &SigningKey, issuer: &str) -> Result<Zeroizing<String>, SignError> {
        #[derive(Serialize)]
        struct Payload<'a> {
            iss: &'a str,
            aud: &'a str,
            sub: String,
            purpose: &'a str,
            jti: String,
            iat: i64,
            exp: i64,
        }
        let payload = Payload {
            iss: issuer,
            aud: issuer,
            sub: self.user.to_string(),
            purpose: self.purpose.name(),
            jti: self.id.to_string(),
            iat: self.created_at.seconds(),
            exp: self.expires_at.seconds(),
        };
        key.sign(ONE_TIME, &payload).map(Zeroizing::new)
    }
}

/// What a verified one-time token names. Its row is still to be found.
pub(crate) struct Presented {
    id: TokenId,
    user: UserId,
    purpose: Purpose,
}

impl Presented {
    pub(crate) fn read(claims: &Claims) -> Option<Self> {
        #[derive(Deserialize)]
        struct Payload {
            purpose: String,
        }
        let payload: Payload = claims.to().ok()?;
        Some(Self {
            id: claims.token_id()?.parse().ok()?,
            user: claims.subject().parse().ok()?,
            purpose: Purpose::from_name(&payload.purpose)?,
        })
    }

    pub(crate) fn id(&self) -> TokenId {
        self.id
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether this is its row.
    pub(crate) fn is_of(&self, row: &OneTimeToken) -> bool {
        (self.id, self.user, self.purpose) == (row.id, row.user, row.purpose)
    }
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::VerifyEmail, Self::ResetPassword, Self::LogIn, Self::ChangeEmail, Self::NotMe];

    /// The name in the token and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "email_verification",
            Self::ResetPassword => "password_reset",
            Self::LogIn => "login",
            Self::ChangeEmail => "email_change",
            Self::NotMe => "not_me",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// How long a token lives.
    pub const fn life(self) -> Duration {
        const HOUR: u64 = 3600;
        Duration::from_secs(match self {
            Self::LogIn => HOUR / 4,
            Self::ResetPassword | Self::ChangeEmail => HOUR,
            Self::VerifyEmail => 72 * HOUR,
            Self::NotMe => LONGEST_LIFE.as_secs(),
        })
    }

    fn state_of(self, user: &User) -> [u8; 32] {
        let email = user.email.as_ref().map(Email::key);
        let password = user.password.as_ref().map(PasswordHash::encoded);
        let parts = match self {
            // Whatever an intruder changes, the owner can take it back.
            Self::NotMe => [None, None],
            Self::VerifyEmail => [email, None],
            Self::ResetPassword | Self::LogIn | Self::ChangeEmail => [email, password],
        };
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"tokenry otp 1");
        for part in parts {
            context.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            context.update(part.unwrap_or_default().as_bytes());
        }
        let mut state = [0; 32];
        state.copy_from_slice(context.finish().as_ref());
        state
    }
}

/// The longest life of a one-time token.
pub const LONGEST_LIFE: Duration = Duration::from_secs(7 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Status;
    use crate::random::System;

    fn user() -> User {
        User {
            id: UserId::from_bytes([1; 16]),
            username: None,
            email: Some(Email::parse("kim@example.com").unwrap()),
            email_verified: false,
            password: Some(hash('A')),
            roles: Default::default(),
            attributes: Default::default(),
            status: Status::Active,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 0,
        }
    }

    fn hash(c: char) -> PasswordHash {
        let tag = c.to_string().repeat(43);
        PasswordHash::parse(&format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0${tag}")).unwrap()
    }

    fn issue(purpose: Purpose) -> OneTimeToken {
        let email = Email::parse("kim@example.com").unwrap();
        OneTimeToken::issue(purpose, &user(), email, &System::new(), Timestamp::default()).unwrap()
    }

    #[test]
    fn another_password_or_address_voids_what_depends_on_it() {
        let password = User { password: Some(hash('Q')), ..user() };
        let none = User { password: None, ..user() };
        let email = User { email: Some(Email::parse("lee@example.com").unwrap()), ..user() };
        let other = User { id: UserId::from_bytes([2; 16]), ..user() };
        let harmless = User { version: 9, email_verified: true, status: Status::Disabled, ..user() };
        for (purpose, survives) in [
            (Purpose::VerifyEmail, [true, true, false, false]),
            (Purpose::ResetPassword, [false, false, false, false]),
            (Purpose::LogIn, [false, false, false, false]),
            (Purpose::ChangeEmail, [false, false, false, false]),
            (Purpose::NotMe, [true, true, true, false]),
        ] {
            let token = issue(purpose);
            assert!(token.is_bound_to(&user()) && token.is_bound_to(&harmless));
            assert_eq!([&password, &none, &email, &other].map(|user| token.is_bound_to(user)), survives, "{purpose:?}");
        }
    }

    #[test]
    fn no_token_outlives_the_key_that_verifies_it() {
        assert!(Purpose::ALL.iter().all(|purpose| purpose.life() <= LONGEST_LIFE));
    }

    #[test]
    fn an_address_and_a_password_never_run_into_each_other() {
        let moved = User { email: None, ..user() };
        assert!(!issue(Purpose::LogIn).is_bound_to(&moved));
    }
}
