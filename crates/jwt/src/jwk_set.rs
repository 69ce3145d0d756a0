use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::excerpt;
use crate::json;
use crate::{Jwk, KeyError};

/// A published set of public keys (RFC 7517 section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// The keys, in the order of publication.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set of at most 256 KiB and 100 keys.
    ///
    /// Keys of unknown type or algorithm, symmetric keys, keys too short and keys for other uses are skipped, as
    /// RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// [`KeyError::TooLarge`], [`KeyError::DuplicateKeyId`], or [`KeyError::Malformed`] when the text is not JSON
    /// with one reading or has no array `keys`.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        if text.len() > MAX_SET {
            return Err(KeyError::TooLarge);
        }
        let text = std::str::from_utf8(text).map_err(|_| KeyError::Malformed("not UTF-8"))?;
        let mut keys = None;
        json::scan(text, |name, value| {
            if name.is("keys") {
                keys = Some(value);
            }
        })
        .map_err(KeyError::Malformed)?;
        let keys = keys.and_then(json::Value::elements).ok_or(KeyError::Malformed("no array of keys"))?;
        if keys.len() > MAX_KEYS {
            return Err(KeyError::TooLarge);
        }
        let keys: Vec<Jwk> = keys.into_iter().filter_map(|key| Jwk::from_json(key.raw()).ok()).collect();
        let mut seen = HashSet::new();
        for kid in keys.iter().filter_map(Jwk::key_id) {
            if !seen.insert(kid) {
                return Err(KeyError::DuplicateKeyId { kid: excerpt(kid) });
            }
        }
        Ok(Self { keys })
    }

    /// The set as JSON, ready to publish.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and arrays of strings: writing them to memory can't fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    /// For a set inside a larger document; a set of its own is better read by [`JwkSet::parse`].
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Self::parse(value.to_string().as_bytes()).map_err(serde::de::Error::custom)
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect() }
    }
}

const MAX_SET: usize = 256 * 1024;
const MAX_KEYS: usize = 100;
