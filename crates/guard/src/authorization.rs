//! Bearer credentials in a header (RFC 6750 section 2.1, RFC 9110 section 11.4): one `Authorization` header, and spaces
//! only before the token. A token in a query or a form is never looked at.
//!
//! Which characters a token has is not looked at here: what verifies is of base64url and dots, and nothing else is
//! accepted.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::Refusal;

/// The token of the request, if it has an `Authorization` header at all.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::Header("more than one Authorization header"));
    }
    let ascii = std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.is_ascii());
    let value = ascii.ok_or(Refusal::Header("the Authorization header is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Header("another scheme than Bearer"));
    }
    let token = token.trim_matches(' ');
    if token.is_empty() {
        return Err(Refusal::Header("no token behind the scheme"));
    }
    if token.len() > tokenry_jwt::MAX_TOKEN {
        return Err(Refusal::Token(tokenry_jwt::VerifyError::TooLarge));
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        bearer(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn one_header_with_one_token_in_any_case() {
        assert_eq!(read(&[]).unwrap(), None);
        for good in ["Bearer a.b-c_d~e+f/g=", "bearer a.b-c_d~e+f/g=", "BEARER   a.b-c_d~e+f/g="] {
            assert_eq!(read(&[good.as_bytes()]).unwrap().as_deref(), Some("a.b-c_d~e+f/g="), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("Bearer {}", "a".repeat(1 << 20));
        let bad: &[&[&[u8]]] = &[
            &[b""],
            &[b"Bearer"],
            &[b"Bearer "],
            &[b"Bearer\ta"],
            &[b"Basic YTpi"],
            &[b"Bearer=a"],
            &[b"a.b.c"],
            &[b"Bearer \xc3\xa9"],
            &[b"Bearer a\xff"],
            &[b"Bearer a", b"Bearer a"],
            &[b"Bearer a", b""],
            &[long.as_bytes()],
        ];
        for values in bad {
            assert_eq!(read(values).unwrap_err().code(), "token_invalid");
        }
    }
}
