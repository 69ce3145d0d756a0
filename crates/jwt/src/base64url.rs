//! Base64url as JOSE wants it (RFC 7515 section 2): no padding, no white space, unused trailing bits zero.

use base64::Engine as _;

use self::engine::ENGINE;

/// Appends the encoding of `bytes` to `text`.
pub(crate) fn encode_to(bytes: &[u8], text: &mut String) {
    ENGINE.encode_string(bytes, text);
}

/// The encoding of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// The bytes, or `None` when `text` is not their one encoding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// As [`decode`], into `buffer`; `None` also when the buffer is too small.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = ENGINE.decode_slice(text, buffer).ok()?;
    buffer.get(..length)
}

/// How many bytes `text` encodes, at most.
pub(crate) fn decoded_len(text: &str) -> usize {
    text.len().div_ceil(4) * 3
}

/// The fastest that the processor runs.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::NO_PAD;

    pub(super) static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod engine {
    pub(super) use base64::engine::general_purpose::URL_SAFE_NO_PAD as ENGINE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_encoding_only() {
        assert_eq!(decode("aGk").as_deref(), Some(&b"hi"[..]));
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
        for bad in ["aGk=", "aGl", "aG k", "aGk\n", "a", "aGk.", "a+k_", "a/k_", "aGkñ"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn long_texts_are_judged_like_short_ones() {
        let good = encode(&[0xfb; 100]);
        assert_eq!(decode(&good).as_deref(), Some(&[0xfb; 100][..]));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad.replace_range(at..=at, "+");
            assert_eq!(decode(&bad), None, "{at}");
        }
    }
}
