//! Who is logged in at the sites that are compared. Everything follows from a user's number, so that whoever asks knows
//! cookie and token without keeping them.

use std::sync::atomic::{AtomicU8, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use tokenry_domain::account::{Attributes, Status, User};
use tokenry_domain::cookie::Cookie;
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::name::Username;
use tokenry_domain::random::{NoEntropy, Random};
use tokenry_domain::refresh::RefreshState;
use tokenry_domain::session::{Client, Method, Session};
use tokenry_domain::time::Timestamp;
use tokenry_jwt::SigningKey;

use crate::fixture::{AUDIENCE, ISSUER};

/// The account.
pub(crate) fn user(number: usize, now: Timestamp) -> User {
    User {
        id: user_id(number),
        username: Username::parse(&format!("user{number}")).ok(),
        email: None,
        email_verified: false,
        password: None,
        roles: Default::default(),
        attributes: Attributes::default(),
        status: Status::Active,
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

/// The session of the cookie method.
pub(crate) fn session(number: usize, now: Timestamp) -> Session {
    // Every minute of use is written down. That is left out: what is compared is the look-up.
    let last_used_at = now + HOUR * 24;
    Session {
        id: session_id(number),
        user: user_id(number),
        method: Method::Cookie,
        identity: None,
        secret: cookie(number).stored(),
        refresh: RefreshState::initial(None),
        created_at: now,
        last_used_at,
        expires_at: last_used_at + HOUR * 24 * 14,
        ends_at: None,
        client: Client { address: Some([192, 0, 2, 7].into()), device: Some(DEVICE.to_owned()) },
        end: None,
        version: 0,
    }
}

/// The cookie of that session.
pub(crate) fn cookie(number: usize) -> Cookie {
    Cookie::generate(session_id(number), &Fixed(number, AtomicU8::new(0))).unwrap()
}

/// An access token of the same user.
pub(crate) fn token(number: usize, key: &SigningKey, now: Timestamp) -> String {
    let (user, session) = (user_id(number).to_string(), session_id(number).to_string());
    let claims = json!({
        "iss": ISSUER, "sub": user, "aud": AUDIENCE, "exp": now.seconds() + 86_400, "iat": now.seconds(),
        "jti": format!("6x1NgtRc9zLxGf{number:08x}"), "sid": session, "auth_time": now.seconds(), "amr": ["pwd"],
    });
    key.sign("at+jwt", &claims).unwrap()
}

/// In the order of their creation, as real ones.
fn user_id(number: usize) -> UserId {
    UserId::from_bytes((number as u128 + (0x0189_0a5d_ac96_774b << 64)).to_be_bytes())
}

/// In no order, as real ones.
fn session_id(number: usize) -> SessionId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest(&SHA256, format!("session {number}").as_bytes()).as_ref()[..16]);
    SessionId::from_bytes(bytes)
}

/// The same for the same number.
struct Fixed(usize, AtomicU8);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let part = self.1.fetch_add(1, Ordering::Relaxed);
        let hash = digest(&SHA256, format!("secret {} {part}", self.0).as_bytes());
        bytes.copy_from_slice(&hash.as_ref()[..bytes.len()]);
        Ok(())
    }
}

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
const DEVICE: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
