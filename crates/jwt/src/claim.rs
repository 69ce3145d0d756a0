//! The three kinds of claim names (RFC 7519 section 4).

/// What kind of claim a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Owned by the token system: an application can't set it (RFC 7519 section 4.1).
    Registered,
    /// Collision-resistant: an absolute URI, such as `https://example.com/is_admin` (section 4.2).
    Public,
    /// Agreed between those who use it, such as `username` (section 4.3).
    Private,
}

/// Why a string can't be a claim's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimNameError {
    /// Empty.
    #[error("a claim's name can't be empty")]
    Empty,
    /// More than 256 bytes.
    #[error("a claim's name can't be longer than 256 bytes")]
    TooLong,
    /// With white space or control characters.
    #[error("a claim's name can't have white space or control characters")]
    Character,
    /// Looks like a URI (it has a colon) and is not an absolute one.
    #[error("a claim's name with a colon must be an absolute URI")]
    NotUri,
}

/// The kind of the claim `name`.
///
/// # Errors
/// [`ClaimNameError`] when it can't name a claim.
pub fn kind(name: &str) -> Result<Kind, ClaimNameError> {
    if name.is_empty() {
        return Err(ClaimNameError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(ClaimNameError::TooLong);
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(ClaimNameError::Character);
    }
    if REGISTERED.contains(&name) {
        return Ok(Kind::Registered);
    }
    match name.split_once(':') {
        None => Ok(Kind::Private),
        Some((scheme, rest)) if is_scheme(scheme) && has_substance(rest) => Ok(Kind::Public),
        Some(_) => Err(ClaimNameError::NotUri),
    }
}

/// RFC 3986 section 3.1.
fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// More than a scheme: with `//`, a host too.
fn has_substance(rest: &str) -> bool {
    let after = rest.strip_prefix("//").unwrap_or(rest);
    let uri = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    !after.is_empty() && !after.starts_with('/') && rest.chars().all(uri)
}

/// The names the token system owns, those whose meaning other parties check, and those of its own protocol.
#[rustfmt::skip]
pub const REGISTERED: &[&str] = &[
    // RFC 7519 section 4.1
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti",
    // RFC 9068 section 2.2
    "sid", "client_id", "scope", "roles", "auth_time", "amr", "acr",
    // OpenID Connect Core sections 2 and 3.1.3.6
    "azp", "nonce", "at_hash", "c_hash", "s_hash", "sub_jwk",
    // RFC 7800, RFC 8693, RFC 8417, RFC 9396
    "cnf", "act", "may_act", "events", "toe", "authorization_details",
    // The protocol's own tokens, and the header's names
    "gen", "ord", "seq", "digest", "typ", "alg", "kid",
];

const MAX_NAME: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered() {
        for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "roles", "cnf", "gen", "ord"] {
            assert_eq!(kind(name), Ok(Kind::Registered), "{name}");
        }
    }

    #[test]
    fn public() {
        for name in ["https://localhost:8000/user/is_admin", "urn:example:claim", "http://example.com"] {
            assert_eq!(kind(name), Ok(Kind::Public), "{name}");
        }
    }

    #[test]
    fn private() {
        for name in ["username", "Iss", "is_admin", "user/is_admin", "이름"] {
            assert_eq!(kind(name), Ok(Kind::Private), "{name}");
        }
    }

    #[test]
    fn no_names() {
        use ClaimNameError::*;
        assert_eq!(kind(""), Err(Empty));
        assert_eq!(kind(&"a".repeat(257)), Err(TooLong));
        assert_eq!(kind("user name"), Err(Character));
        assert_eq!(kind("iss\0"), Err(Character));
        for name in ["https:", "https://", "https:///path", ":x", "1a:x", "//host:80", "urn:a<b>", "https://{x}"] {
            assert_eq!(kind(name), Err(NotUri), "{name}");
        }
    }
}
