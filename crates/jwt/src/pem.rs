//! PEM (RFC 7468): one block between its lines, base64 inside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::KeyError;

/// The label and the contents of the first block in `text`.
pub(crate) fn parse(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), KeyError> {
    if text.len() > MAX_PEM {
        return Err(KeyError::TooLarge);
    }
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(KeyError::Malformed("no PEM block"))?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyError::Malformed("PEM label"))?;
    let (body, rest) = rest.split_once("-----END ").ok_or(KeyError::Malformed("PEM end"))?;
    let (end, _) = rest.split_once("-----").ok_or(KeyError::Malformed("PEM end"))?;
    if end != label {
        return Err(KeyError::Malformed("PEM labels disagree"));
    }
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    let der = STANDARD.decode(base64.as_bytes()).map_err(|_| KeyError::Malformed("PEM base64"))?;
    Ok((label, Zeroizing::new(der)))
}

// An RSA key of 8192 bits takes 6.5 KB.
const MAX_PEM: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_block_amid_text() {
        let (label, der) = parse("note\r\n-----BEGIN X Y-----\r\naGVs\r\nbG8=\r\n-----END X Y-----\r\n").unwrap();
        assert_eq!((label, der.as_slice()), ("X Y", &b"hello"[..]));
    }

    #[test]
    fn broken_blocks() {
        for bad in [
            "",
            "-----BEGIN A-----",
            "-----BEGIN A-----aGk=",
            "-----BEGIN A-----aGk=-----END B-----",
            "-----BEGIN A-----a*k=-----END A-----",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
