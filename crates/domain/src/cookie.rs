//! The session method: the value of the cookie that carries a session.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::id::SessionId;
use crate::random::{self, NoEntropy, Random};
use crate::session::SessionSecret;

/// Names a session and proves to be its cookie: the identifier and 32 random bytes, in base64url.
///
/// A store keeps only the hash of the random bytes: whoever reads it can make no cookie.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Cookie {
    #[zeroize(skip)]
    session: SessionId,
    secret: [u8; 32],
}

/// The text is no cookie value of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session cookie")]
pub struct BadCookie;

impl Cookie {
    /// A new cookie for `session`.
    pub fn generate(session: SessionId, random: &dyn Random) -> Result<Self, NoEntropy> {
        Ok(Self { session, secret: random::bytes(random)? })
    }

    /// The session that it names.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// What the session's row keeps.
    pub fn stored(&self) -> SessionSecret {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, &self.secret).as_ref());
        SessionSecret::from_bytes(bytes)
    }

    /// Whether it is the cookie of the row that keeps `stored`.
    pub fn is_of(&self, stored: &SessionSecret) -> bool {
        constant_time::verify_slices_are_equal(self.stored().expose(), stored.expose()).is_ok()
    }

    /// The cookie's value.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..16].copy_from_slice(self.session.as_bytes());
        bytes[16..].copy_from_slice(&self.secret);
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
    }
}

impl FromStr for Cookie {
    type Err = BadCookie;

    fn from_str(text: &str) -> Result<Self, BadCookie> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        if text.len() != TEXT || BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes) != Ok(BYTES) {
            return Err(BadCookie);
        }
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        id.copy_from_slice(&bytes[..16]);
        secret.copy_from_slice(&bytes[16..]);
        let cookie = Self { session: SessionId::from_bytes(id), secret };
        secret.zeroize();
        Ok(cookie)
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cookie({})", self.session)
    }
}

const BYTES: usize = 16 + 32;
const TEXT: usize = BYTES / 3 * 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cookie_comes_back_and_knows_its_row() {
        let random = random::System::new();
        let cookie = Cookie::generate(SessionId::generate(&random).unwrap(), &random).unwrap();
        let read: Cookie = cookie.expose().parse().unwrap();
        assert!(read == cookie && read.is_of(&cookie.stored()));
        let other = Cookie::generate(cookie.session(), &random).unwrap();
        assert!(!other.is_of(&cookie.stored()));
        assert!(!format!("{cookie:?}").contains(cookie.expose().as_str()));
        // What is stored is no cookie's secret.
        assert_ne!(cookie.stored().expose(), &cookie.secret);
    }

    #[test]
    fn another_length_or_alphabet_is_refused() {
        let good = "a".repeat(TEXT);
        assert!(good.parse::<Cookie>().is_ok());
        for bad in ["", &good[1..], &format!("{good}a"), &format!("{}=", &good[1..]), &format!("{}+", &good[1..])] {
            assert_eq!(bad.parse::<Cookie>(), Err(BadCookie), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}|[A-Za-z0-9_-]{64}") {
            if let Ok(cookie) = text.parse::<Cookie>() {
                prop_assert!(*cookie.expose() == text);
            }
        }
    }
}
