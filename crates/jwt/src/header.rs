use std::borrow::Cow;

use serde::Serialize;

use crate::json::{self, Value, print_of};
use crate::{Algorithm, VerifyError, base64url};

/// The members of a JOSE header that count (RFC 7515 section 4.1).
///
/// Keys and links to keys (`jwk`, `jku`, `x5c`, `x5u`) are passed over: a token does not choose its key.
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) typ: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, VerifyError> {
        let (mut alg, mut kid, mut typ, mut crit) = (None, None, None, false);
        json::scan(text, |name, value| match name.print {
            ALG => alg = Some(value),
            KID => kid = Some(value),
            TYP => typ = Some(value),
            CRIT => crit = true,
            _ => (),
        })
        .map_err(VerifyError::Malformed)?;
        if crit {
            return Err(VerifyError::Critical);
        }
        let text = |value: Value<'a>| value.text().ok_or(VerifyError::Malformed("header member not a string"));
        Ok(Self {
            alg: alg.map(text).ok_or(VerifyError::Malformed("header without alg"))??,
            kid: kid.map(text).transpose()?,
            typ: typ.map(text).transpose()?,
        })
    }
}

const ALG: u64 = print_of("alg");
const KID: u64 = print_of("kid");
const TYP: u64 = print_of("typ");
const CRIT: u64 = print_of("crit");

/// The encoded header that [`SigningKey`](crate::SigningKey) writes. A token that starts with it need not be parsed to
/// know its key.
pub(crate) fn encode(alg: Algorithm, kid: Option<&str>, typ: &str) -> String {
    let header = Written { alg, kid, typ };
    // Strings only: writing them to memory can't fail.
    base64url::encode(serde_json::to_string(&header).unwrap_or_default().as_bytes())
}

#[derive(Serialize)]
struct Written<'a> {
    alg: Algorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    typ: &'a str,
}

/// Whether `found` names the media type `expected` (RFC 7515 section 4.1.9): case does not matter, and neither does
/// `application/` before a name without a slash.
pub(crate) fn same_type(found: &str, expected: &str) -> bool {
    bare_type(found).eq_ignore_ascii_case(bare_type(expected))
}

/// The type of an access token (RFC 9068 section 2.1).
pub(crate) const ACCESS: &str = "at+jwt";

fn bare_type(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match (typ.get(..PREFIX.len()), typ.get(PREFIX.len()..)) {
        (Some(prefix), Some(rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(same_type(same, "at+jwt"), "{same}");
        }
        for other in ["", "jwt", "at+jwt ", "rt+jwt", "text/at+jwt", "application/", "application/application/at+jwt"] {
            assert!(!same_type(other, "at+jwt"), "{other}");
        }
        assert!(same_type("at+jwt", "application/at+jwt"));
    }
}
