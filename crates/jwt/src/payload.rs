use smallvec::{SmallVec, smallvec};

use crate::json::{self, Kind, Name, Value, print_of};
use crate::{SignError, VerifyError};

/// A payload that was read once: its text, and where the claims that verification judges stand in it.
pub(crate) struct Payload {
    /// The JSON, and behind it what those of its strings say that have escapes.
    text: String,
    json_length: usize,
    known: Known,
}

/// The claims of interest. Dates are seconds since 1970, rounded up: a whole `now` compares with them as with the exact
/// ones.
#[derive(Default)]
struct Known {
    issuer: Option<Span>,
    subject: Option<Span>,
    audiences: Option<SmallVec<[Span; 2]>>,
    token_id: Option<Span>,
    session_id: Option<Span>,
    client_id: Option<Span>,
    scope: Option<Span>,
    expires_at: Option<i64>,
    not_before: Option<i64>,
    issued_at: Option<i64>,
}

/// Where a string stands in the text.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Payload {
    /// Reads the structure: one reading, claims of the right type. Judges no value but dates out of range and an
    /// empty or unprintable `sub`.
    pub(crate) fn parse(json: String) -> Result<Self, VerifyError> {
        let mut texts = Texts { json_length: json.len(), unescaped: String::new() };
        let (mut known, mut fault) = (Known::default(), None);
        json::scan(&json, |name, value| {
            if let Err(error) = known.note(name, value, &mut texts) {
                fault.get_or_insert(error);
            }
        })
        .map_err(VerifyError::Malformed)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let mut payload = Self { json_length: texts.json_length, text: json, known };
        payload.text.reserve_exact(texts.unescaped.len());
        payload.text.push_str(&texts.unescaped);
        match payload.subject() {
            Some(subject) if !is_subject(subject) => Err(VerifyError::InvalidClaim { claim: "sub" }),
            _ => Ok(payload),
        }
    }

    /// The payload as it was signed.
    pub(crate) fn json(&self) -> &str {
        self.text.get(..self.json_length).unwrap_or_default()
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.at(self.known.issuer)
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.at(self.known.subject)
    }

    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        self.known.audiences.iter().flatten().filter_map(|&audience| self.at(Some(audience)))
    }

    /// Whether `aud` is there at all.
    pub(crate) fn has_audience(&self) -> bool {
        self.known.audiences.is_some()
    }

    pub(crate) fn token_id(&self) -> Option<&str> {
        self.at(self.known.token_id)
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        self.at(self.known.session_id)
    }

    pub(crate) fn client_id(&self) -> Option<&str> {
        self.at(self.known.client_id)
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.at(self.known.scope)
    }

    pub(crate) fn expires_at(&self) -> Option<i64> {
        self.known.expires_at
    }

    pub(crate) fn not_before(&self) -> Option<i64> {
        self.known.not_before
    }

    pub(crate) fn issued_at(&self) -> Option<i64> {
        self.known.issued_at
    }

    fn at(&self, span: Option<Span>) -> Option<&str> {
        span.and_then(|Span { start, end }| self.text.get(start as usize..end as usize))
    }
}

impl Known {
    fn note(&mut self, name: Name<'_>, value: Value<'_>, texts: &mut Texts) -> Result<(), VerifyError> {
        match name.print {
            ISS => self.issuer = Some(texts.span(value, "iss")?),
            SUB => self.subject = Some(texts.span(value, "sub")?),
            AUD => self.audiences = Some(texts.spans(value, "aud")?),
            EXP => self.expires_at = Some(date(value, "exp")?),
            NBF => self.not_before = Some(date(value, "nbf")?),
            IAT => self.issued_at = Some(date(value, "iat")?),
            JTI => self.token_id = Some(texts.span(value, "jti")?),
            SID => self.session_id = Some(texts.span(value, "sid")?),
            SCOPE => self.scope = Some(texts.span(value, "scope")?),
            CLIENT_ID if name.is("client_id") => self.client_id = Some(texts.span(value, "client_id")?),
            _ => {}
        }
        Ok(())
    }
}

/// The text that spans point into, while it is being read.
struct Texts {
    json_length: usize,
    /// What comes behind the JSON.
    unescaped: String,
}

impl Texts {
    fn span(&mut self, value: Value<'_>, claim: &'static str) -> Result<Span, VerifyError> {
        match value.kind {
            Kind::String { escaped: false } => Some(Span { start: value.start + 1, end: value.end - 1 }),
            Kind::String { escaped: true } => value.text().and_then(|text| {
                let start = self.json_length + self.unescaped.len();
                self.unescaped.push_str(&text);
                Span::new(start, start + text.len())
            }),
            _ => None,
        }
        .ok_or(VerifyError::InvalidClaim { claim })
    }

    /// Of a string, or an array of strings.
    fn spans(&mut self, value: Value<'_>, claim: &'static str) -> Result<SmallVec<[Span; 2]>, VerifyError> {
        match value.elements() {
            None => Ok(smallvec![self.span(value, claim)?]),
            Some(elements) => elements.into_iter().map(|element| self.span(element, claim)).collect(),
        }
    }
}

impl Span {
    fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self { start: start.try_into().ok()?, end: end.try_into().ok()? })
    }
}

/// Checks claims that are about to be signed.
pub(crate) fn check(json: &str) -> Result<(), SignError> {
    let mut fault = None;
    json::scan(json, |name, value| {
        let claim = match name.print {
            EXP => "exp",
            NBF => "nbf",
            IAT => "iat",
            _ => return,
        };
        if let Err(error) = date(value, claim) {
            fault.get_or_insert(match error {
                VerifyError::Milliseconds { claim } => SignError::Milliseconds { claim },
                _ => SignError::InvalidClaim { claim },
            });
        }
    })
    .map_err(SignError::Claims)?;
    fault.map_or(Ok(()), Err)
}

const ISS: u64 = print_of("iss");
const SUB: u64 = print_of("sub");
const AUD: u64 = print_of("aud");
const EXP: u64 = print_of("exp");
const NBF: u64 = print_of("nbf");
const IAT: u64 = print_of("iat");
const JTI: u64 = print_of("jti");
const SID: u64 = print_of("sid");
const SCOPE: u64 = print_of("scope");
const CLIENT_ID: u64 = print_of("client_id");

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
fn date(value: Value<'_>, claim: &'static str) -> Result<i64, VerifyError> {
    if value.kind != Kind::Number {
        return Err(VerifyError::InvalidClaim { claim });
    }
    let number = value.raw();
    if let Ok(whole @ 0..=LATEST_WHOLE) = number.parse::<i64>() {
        return Ok(whole);
    }
    let seconds: f64 = number.parse().map_err(|_| VerifyError::InvalidClaim { claim })?;
    match seconds {
        0.0..=LATEST => Ok(seconds.ceil() as i64),
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
        Payload::parse(format!(r#"{{"exp":{number}}}"#)).map(|payload| payload.expires_at())
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
        let json = r#"{"iss":"a\u0062c","aud":["x","\ud83d\ude00"],"sub":"plain"}"#;
        let payload = Payload::parse(json.into()).unwrap();
        assert_eq!(payload.json(), json);
        assert_eq!(payload.issuer(), Some("abc"));
        assert_eq!(payload.subject(), Some("plain"));
        assert_eq!(payload.audiences().collect::<Vec<_>>(), ["x", "😀"]);
    }
}
