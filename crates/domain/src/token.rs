//! Minting the token pair, and reading a refresh token.

use std::collections::BTreeSet;

use aws_lc_rs::constant_time;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Sha256;
use tokenry_jwt::{Genuine, SignError, SigningKey};
use zeroize::Zeroizing;

use crate::account::User;
use crate::id::{SessionId, UserId};
use crate::refresh::Position;
use crate::session::{Session, SessionSecret};
use crate::time::Timestamp;

/// The `typ` of an access token (RFC 9068 section 2.1).
pub const ACCESS: &str = "at+jwt";
/// The `typ` of a refresh token.
pub const REFRESH: &str = "rt+jwt";

/// An access token and a refresh token, and when they end.
pub struct TokenPair {
    /// The access token.
    pub access_token: String,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// The refresh token.
    pub refresh_token: Zeroizing<String>,
    /// When it ends.
    pub refresh_expires_at: Timestamp,
    /// Their session.
    pub session: SessionId,
    /// When they were handed out.
    pub at: Timestamp,
}

/// What an access token says.
#[derive(Serialize)]
pub(crate) struct AccessClaims<'a> {
    pub iss: &'a str,
    pub sub: UserId,
    pub aud: Audience<'a>,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub sid: SessionId,
    pub auth_time: i64,
    /// How the user was authenticated here (RFC 8176); who came from a provider was so there.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub amr: &'static [&'static str],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: &'a BTreeSet<String>,
    #[serde(flatten)]
    pub own: Map<String, Value>,
}

/// `aud`: a string, or an array of several (RFC 7519 section 4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

/// The claims of a refresh token whose signature and `typ` are good. Its `jti` is still to be compared.
pub(crate) struct RefreshToken {
    pub session: SessionId,
    pub position: Position,
    pub expires_at: Timestamp,
    token_id: String,
}

/// The refresh token of `session` at `position`, issued at `issued_at`. The same input gives the same bytes.
pub(crate) fn sign_refresh(
    key: &SigningKey,
    issuer: &str,
    session: &Session,
    position: Position,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> Result<Zeroizing<String>, SignError> {
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        aud: &'a str,
        sub: UserId,
        sid: SessionId,
        r#gen: u64,
        ord: u32,
        jti: String,
        exp: i64,
        iat: i64,
    }
    let claims = Claims {
        iss: issuer,
        aud: issuer,
        sub: session.user,
        sid: session.id,
        r#gen: position.generation,
        ord: position.ordinal,
        jti: token_id(&session.secret, position),
        exp: expires_at.seconds(),
        iat: issued_at.seconds(),
    };
    key.sign(REFRESH, &claims).map(Zeroizing::new)
}

impl RefreshToken {
    /// Reads the claims of a token that the refresh keys verified.
    pub(crate) fn read(genuine: &Genuine, issuer: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Claims {
            r#gen: u64,
            ord: u32,
        }
        if !genuine.has_audience(issuer) {
            return None;
        }
        let claims: Claims = genuine.to().ok()?;
        Some(Self {
            session: genuine.session_id()?.parse().ok()?,
            position: Position { generation: claims.r#gen, ordinal: claims.ord },
            expires_at: Timestamp::from_seconds(genuine.expires_at()?),
            token_id: genuine.token_id()?.to_owned(),
        })
    }

    /// The second lock: whether the `jti` is the one that `secret` gives this position.
    pub(crate) fn is_of(&self, secret: &SessionSecret) -> bool {
        let expected = token_id(secret, self.position);
        constant_time::verify_slices_are_equal(expected.as_bytes(), self.token_id.as_bytes()).is_ok()
    }
}

impl<'a> AccessClaims<'a> {
    /// The claims of a token for `user` in `session`, without the application's own.
    pub(crate) fn new(
        issuer: &'a str,
        audiences: &'a [String],
        session: &Session,
        user: &'a User,
        token_id: String,
        [issued_at, expires_at]: [Timestamp; 2],
    ) -> Self {
        Self {
            iss: issuer,
            sub: user.id,
            aud: match audiences {
                [one] => Audience::One(one),
                several => Audience::Several(several),
            },
            exp: expires_at.seconds(),
            iat: issued_at.seconds(),
            jti: token_id,
            sid: session.id,
            auth_time: session.created_at.seconds(),
            amr: if session.identity.is_none() { &["pwd"] } else { &[] },
            roles: &user.roles,
            own: Map::new(),
        }
    }
}

fn token_id(secret: &SessionSecret, position: Position) -> String {
    // HMAC fills up a key that is shorter than a block with zeros (RFC 2104 section 2).
    let mut key = Zeroizing::new([0; 64]);
    key[..32].copy_from_slice(secret.expose());
    let tag = Hmac::<Sha256>::new((&*key).into())
        .chain_update(b"tokenry rt 1")
        .chain_update(position.generation.to_be_bytes())
        .chain_update(position.ordinal.to_be_bytes())
        .finalize();
    BASE64_URL_SAFE_NO_PAD.encode(tag.into_bytes())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    #[test]
    fn a_token_id_is_an_hmac_of_the_position() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let message = [&b"tokenry rt 1"[..], &[0, 0, 0, 0, 0, 0, 1, 2], &[0, 0, 0, 3]].concat();
        let expected = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, &message));
        let position = Position { generation: 258, ordinal: 3 };
        assert_eq!(token_id(&SessionSecret::from_bytes([7; 32]), position), expected);
    }
}
