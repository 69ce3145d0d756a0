use std::borrow::Cow;
use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use crate::json::{self, Kind, Value};
use crate::{SignError, VerifyError};

/// A payload that was read once: its text, and where the claims that verification judges stand in it.
pub(crate) struct Payload {
    pub(crate) json: String,
    issuer: Option<Text>,
    subject: Option<Text>,
    audiences: Option<SmallVec<[Text; 1]>>,
    token_id: Option<Text>,
    session_id: Option<Text>,
    client_id: Option<Text>,
    scope: Option<Text>,
    /// Seconds since 1970, rounded up: a whole `now` compares with it as with the exact date.
    pub(crate) expires_at: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) issued_at: Option<i64>,
}

impl Payload {
    /// Reads the structure: one reading, claims of the right type. Judges no value but dates out of range and an
    /// empty or unprintable `sub`.
    pub(crate) fn parse(json: String) -> Result<Self, VerifyError> {
        let mut found = Found::default();
        json::scan(&json, |name, value| found.note(name, value)).map_err(VerifyError::Malformed)?;
        let text = |value: Option<Value<'_>>, claim| match value {
            Some(value) => Text::new(&json, value).map(Some).ok_or(VerifyError::InvalidClaim { claim }),
            None => Ok(None),
        };
        let issuer = text(found.iss, "iss")?;
        let subject = text(found.sub, "sub")?;
        if subject.as_ref().is_some_and(|sub| !is_subject(sub.str(&json))) {
            return Err(VerifyError::InvalidClaim { claim: "sub" });
        }
        let audiences = match found.aud {
            None => None,
            Some(value) => Some(
                match value.elements() {
                    Some(elements) => {
                        elements.into_iter().map(|element| Text::new(&json, element)).collect::<Option<_>>()
                    }
                    None => Text::new(&json, value).map(|one| smallvec![one]),
                }
                .ok_or(VerifyError::InvalidClaim { claim: "aud" })?,
            ),
        };
        let token_id = text(found.jti, "jti")?;
        let session_id = text(found.sid, "sid")?;
        let client_id = text(found.client_id, "client_id")?;
        let scope = text(found.scope, "scope")?;
        let expires_at = date(found.exp, "exp")?;
        let not_before = date(found.nbf, "nbf")?;
        let issued_at = date(found.iat, "iat")?;
        Ok(Self {
            issuer,
            subject,
            audiences,
            token_id,
            session_id,
            client_id,
            scope,
            expires_at,
            not_before,
            issued_at,
            json,
        })
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.text(&self.issuer)
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.text(&self.subject)
    }

    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().flatten().map(|audience| audience.str(&self.json))
    }

    /// Whether `aud` is there at all.
    pub(crate) fn has_audience(&self) -> bool {
        self.audiences.is_some()
    }

    pub(crate) fn token_id(&self) -> Option<&str> {
        self.text(&self.token_id)
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        self.text(&self.session_id)
    }

    pub(crate) fn client_id(&self) -> Option<&str> {
        self.text(&self.client_id)
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.text(&self.scope)
    }

    fn text<'a>(&'a self, text: &'a Option<Text>) -> Option<&'a str> {
        text.as_ref().map(|text| text.str(&self.json))
    }
}

/// Checks claims that are about to be signed.
pub(crate) fn check(json: &str) -> Result<(), SignError> {
    let mut found = Found::default();
    json::scan(json, |name, value| found.note(name, value)).map_err(SignError::Claims)?;
    for (value, claim) in [(found.exp, "exp"), (found.nbf, "nbf"), (found.iat, "iat")] {
        date(value, claim).map_err(|error| match error {
            VerifyError::Milliseconds { claim } => SignError::Milliseconds { claim },
            _ => SignError::InvalidClaim { claim },
        })?;
    }
    Ok(())
}

/// The values of the claims of interest, as they stand.
#[derive(Default)]
struct Found<'a> {
    iss: Option<Value<'a>>,
    sub: Option<Value<'a>>,
    aud: Option<Value<'a>>,
    exp: Option<Value<'a>>,
    nbf: Option<Value<'a>>,
    iat: Option<Value<'a>>,
    jti: Option<Value<'a>>,
    sid: Option<Value<'a>>,
    client_id: Option<Value<'a>>,
    scope: Option<Value<'a>>,
}

impl<'a> Found<'a> {
    fn note(&mut self, name: &str, value: Value<'a>) {
        let claim = match name {
            "iss" => &mut self.iss,
            "sub" => &mut self.sub,
            "aud" => &mut self.aud,
            "exp" => &mut self.exp,
            "nbf" => &mut self.nbf,
            "iat" => &mut self.iat,
            "jti" => &mut self.jti,
            "sid" => &mut self.sid,
            "client_id" => &mut self.client_id,
            "scope" => &mut self.scope,
            _ => return,
        };
        *claim = Some(value);
    }
}

/// A string of the payload: a slice of it, or its meaning when it has escapes.
enum Text {
    Slice(Range<u32>),
    Owned(Box<str>),
}

impl Text {
    /// `None` when `value` is not a string.
    fn new(json: &str, value: Value<'_>) -> Option<Self> {
        Some(match value.text()? {
            Cow::Owned(text) => Self::Owned(text.into()),
            Cow::Borrowed(text) => {
                let start = text.as_ptr().addr().checked_sub(json.as_ptr().addr())?;
                Self::Slice(u32::try_from(start).ok()?..u32::try_from(start + text.len()).ok()?)
            }
        })
    }

    fn str<'a>(&'a self, json: &'a str) -> &'a str {
        match self {
            Self::Slice(range) => json.get(range.start as usize..range.end as usize).unwrap_or_default(),
            Self::Owned(text) => text,
        }
    }
}

/// Non-empty, without control characters (of ASCII, Latin-1 and Unicode's Cc, which is both).
fn is_subject(sub: &str) -> bool {
    // Most are of ASCII, and looked at many bytes at a time.
    let has_control = if sub.is_ascii() { has_ascii_control(sub) } else { sub.chars().any(char::is_control) };
    !sub.is_empty() && !has_control
}

/// Without a branch for each byte.
fn has_ascii_control(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | byte.is_ascii_control())
}

/// A NumericDate in 0..=10^11, rounded up (RFC 7519 section 2: seconds, a fraction is legal).
fn date(value: Option<Value<'_>>, claim: &'static str) -> Result<Option<i64>, VerifyError> {
    let Some(value) = value else { return Ok(None) };
    if value.kind != Kind::Number {
        return Err(VerifyError::InvalidClaim { claim });
    }
    if let Ok(whole @ 0..=LATEST_WHOLE) = value.raw.parse::<i64>() {
        return Ok(Some(whole));
    }
    let seconds: f64 = value.raw.parse().map_err(|_| VerifyError::InvalidClaim { claim })?;
    match seconds {
        0.0..=LATEST => Ok(Some(seconds.ceil() as i64)),
        LATEST.. => Err(VerifyError::Milliseconds { claim }),
        _ => Err(VerifyError::InvalidClaim { claim }),
    }
}

/// The year 5138 in seconds, 1973 in milliseconds.
const LATEST: f64 = LATEST_WHOLE as f64;
const LATEST_WHOLE: i64 = 100_000_000_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn expiry(number: &str) -> Result<Option<i64>, VerifyError> {
        Payload::parse(format!(r#"{{"exp":{number}}}"#)).map(|payload| payload.expires_at)
    }

    #[test]
    fn dates() {
        assert_eq!(expiry("0"), Ok(Some(0)));
        assert_eq!(expiry("-0"), Ok(Some(0)));
        assert_eq!(expiry("1764000000"), Ok(Some(1_764_000_000)));
        assert_eq!(expiry("1764000000.5"), Ok(Some(1_764_000_001)));
        assert_eq!(expiry("1.764e9"), Ok(Some(1_764_000_000)));
        assert_eq!(expiry("100000000000"), Ok(Some(100_000_000_000)));
        for late in ["100000000000.1", "100000000001", "1480849147370", "1e300", "99999999999999999999999"] {
            assert_eq!(expiry(late), Err(VerifyError::Milliseconds { claim: "exp" }), "{late}");
        }
        for wrong in ["-1", "-0.5", "-1e300", "\"1764000000\"", "null", "true", "[1]", "{}"] {
            assert_eq!(expiry(wrong), Err(VerifyError::InvalidClaim { claim: "exp" }), "{wrong}");
        }
    }

    #[test]
    fn escapes_are_read() {
        let payload = Payload::parse(r#"{"iss":"a\u0062c","aud":["x","\ud83d\ude00"],"sub":"plain"}"#.into()).unwrap();
        assert_eq!(payload.issuer(), Some("abc"));
        assert_eq!(payload.subject(), Some("plain"));
        assert_eq!(payload.audiences().collect::<Vec<_>>(), ["x", "😀"]);
    }
}
