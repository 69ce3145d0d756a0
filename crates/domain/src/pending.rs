//! What waits for someone to come back: a log-in that is at a provider, an identity that is offered to an account, a code
//! that an app is to exchange. Each is spent once, and short-lived.
//!
//! Whoever comes back shows a secret. The store knows its hash, so that reading the store helps no one.

use std::time::Duration;

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::id::{IdentityId, UserId};
use crate::identity::Person;
use crate::random::{self, NoEntropy, Random};
use crate::time::Timestamp;

/// Something that waits, under the hash of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub id: PendingId,
    /// What it is.
    pub what: Waiting,
    /// When it is no longer worth anything.
    pub expires_at: Timestamp,
}

/// The SHA-256 of a secret that whoever comes back will show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingId([u8; 32]);

/// What can wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Waiting {
    /// A log-in that is at a provider.
    Attempt(Attempt),
    /// An identity that its person may link to an account.
    Offer(Offer),
    /// A log-in that is done, for the app that began it.
    Code(Code),
}

/// A log-in that is at a provider, under the hash of its `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the configuration calls the provider.
    pub provider: String,
    /// What the provider's id token must repeat (OpenID Connect Core section 3.1.2.1).
    pub nonce: String,
    /// What the browser's verifier hashes to (RFC 7636 section 4.2): it is the browser's own secret.
    pub challenge: String,
    /// Where it came from and goes on to.
    pub way: Way,
    /// Who wants to link an identity, if it is no log-in.
    pub linking: Option<UserId>,
}

/// Where a log-in goes on in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The page that was asked for.
    pub return_to: Option<String>,
    /// The app that was begun from.
    pub app: Option<AppRequest>,
}

/// What an app has sent along to get a code (RFC 6749 section 4.1.1; RFC 7636).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRequest {
    /// Where the code goes; one that is listed.
    pub redirect_uri: String,
    /// What the app's verifier hashes to.
    pub challenge: String,
    /// What the app wants to have back.
    pub state: Option<String>,
}

/// An identity that its person may link to an account, under the hash of a secret that their browser holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Whose account it is to open: only they can confirm it.
    pub user: UserId,
    /// Who it is.
    pub person: Person,
    /// What the configuration calls the provider.
    pub provider: String,
    /// What its user sees of it.
    pub label: String,
    /// Where it goes on to.
    pub way: Way,
}

/// A log-in that is done, under the hash of a code that was handed to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Who logs in.
    pub user: UserId,
    /// By which identity.
    pub identity: IdentityId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What the app's verifier hashes to.
    pub challenge: String,
}

impl Pending {
    /// Whether it has expired.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

impl PendingId {
    /// The name of what waits for this secret.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret))
    }

    /// The name with these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A few characters of it, by which a browser tells several apart.
    pub fn tag(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0[..6])
    }
}

impl Waiting {
    /// How long it waits.
    pub const fn life(&self) -> Duration {
        match self {
            Self::Attempt(_) | Self::Offer(_) => Duration::from_secs(600),
            Self::Code(_) => Duration::from_secs(60),
        }
    }
}

/// A new secret: 32 random bytes in base64url, which is also a verifier (RFC 7636 section 4.1).
pub(crate) fn secret(random: &dyn Random) -> Result<Zeroizing<String>, NoEntropy> {
    let bytes = Zeroizing::new(random::bytes::<32>(random)?);
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}

/// What `verifier` hashes to: the method `S256` (RFC 7636 section 4.2).
pub(crate) fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(sha256(verifier))
}

/// Whether `verifier` is the one that `challenge` was made of (RFC 7636 section 4.6).
pub(crate) fn is_verified(verifier: &str, challenge: &str) -> bool {
    let made = self::challenge(verifier);
    constant_time::verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
}

/// Whether `text` can be a challenge: 32 bytes in base64url.
pub fn is_challenge(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::System;

    #[test]
    fn the_verifier_of_the_specification_gives_its_challenge() {
        // RFC 7636 appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verified(verifier, &challenge(verifier)) && !is_verified("other", &challenge(verifier)));
        assert!(!is_verified(verifier, "") && !is_verified("", ""));
    }

    #[test]
    fn a_challenge_is_32_bytes() {
        assert!(is_challenge(&challenge("x")));
        for bad in ["", "abc", &"A".repeat(44), &format!("{}=", &challenge("x")[..42]), &"+".repeat(43)] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }

    #[test]
    fn no_two_secrets_or_names_are_the_same() {
        let random = System::new();
        let (one, other) = (secret(&random).unwrap(), secret(&random).unwrap());
        assert!(one != other && one.len() == 43 && is_challenge(&one));
        assert_ne!(PendingId::of(&one), PendingId::of(&other));
        assert_ne!(PendingId::of(&one).tag(), PendingId::of(&other).tag());
        assert_eq!(PendingId::of(&one).tag().len(), 8);
    }
}
