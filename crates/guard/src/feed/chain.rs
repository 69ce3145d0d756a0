//! The chain of digests over the feed, as the issuer makes it: SHA-256 over the digest before, `seq`, `tag`, `before` (0
//! if there is none) and `until` as unsigned 64-bit big-endian numbers, then the kind, a colon, and the value.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Fault;

/// An entry of the feed, as on the wire.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    tag: Tag,
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) before: Option<u64>,
    pub(crate) until: u64,
}

/// Where a feed has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: u64,
    pub(crate) tag: u64,
    pub(crate) digest: Digest,
}

/// A digest over all entries up to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

/// Sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "std::borrow::Cow<str>")]
pub(crate) struct Tag(pub(crate) u64);

impl Entry {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(json).map_err(|_| Fault::Malformed("an entry"))
    }
}

impl Place {
    /// The place behind `entry`.
    pub(crate) fn after(self, entry: &Entry) -> Result<Self, Fault> {
        if entry.seq <= self.seq {
            return Err(Fault::OutOfOrder);
        }
        let mut context = Context::new(&SHA256);
        context.update(&self.digest.0);
        for number in [entry.seq, entry.tag.0, entry.before.unwrap_or(0), entry.until] {
            context.update(&number.to_be_bytes());
        }
        context.update(entry.kind.as_bytes());
        context.update(b":");
        context.update(entry.value.as_bytes());
        let mut digest = Digest::default();
        digest.0.copy_from_slice(context.finish().as_ref());
        Ok(Self { seq: entry.seq, tag: entry.tag.0, digest })
    }

    /// As the `id` of an event, to go on from here.
    pub(crate) fn id(self) -> String {
        format!("{}-{:016x}", self.seq, self.tag)
    }
}

impl Digest {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl TryFrom<std::borrow::Cow<'_, str>> for Tag {
    type Error = &'static str;

    fn try_from(text: std::borrow::Cow<'_, str>) -> Result<Self, Self::Error> {
        let is_tag = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(&text, 16).ok().filter(|_| is_tag).map(Self).ok_or("not sixteen hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        base: String,
        entries: Vec<serde_json::Value>,
        digests: Vec<String>,
    }

    #[test]
    fn the_chain_is_that_of_the_vectors() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../../../vectors/revocations/chain.json")).unwrap();
        for vector in vectors {
            let mut place = Place { seq: 0, tag: 0, digest: Digest::parse(&vector.base).unwrap() };
            for (entry, digest) in vector.entries.iter().zip(&vector.digests) {
                place = place.after(&Entry::parse(entry.to_string().as_bytes()).unwrap()).unwrap();
                assert_eq!(place.digest, Digest::parse(digest).unwrap(), "{entry}");
            }
        }
    }

    #[test]
    fn an_entry_that_is_not_one_is_refused() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"seq":1,"tag":"ff","kind":"sid","value":"a","until":1}"#,
            r#"{"seq":-1,"tag":"00000000000000ff","kind":"sid","value":"a","until":1}"#,
            r#"{"seq":1,"seq":2,"tag":"00000000000000ff","kind":"sid","value":"a","until":1}"#,
            r#"{"seq":1,"tag":"00000000000000ff","kind":"sid","value":"a","until":1.5}"#,
            r#"{"seq":1,"tag":"+0000000000000ff","kind":"sid","value":"a","until":1}"#,
            r#"{"seq":1,"tag":"00000000000000ff","kind":"sid","value":7,"until":1}"#,
        ] {
            Entry::parse(bad.as_bytes()).unwrap_err();
        }
    }
}
