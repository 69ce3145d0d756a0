use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokenry_jwt::JwkSet;

/// A file that remembers an issuer's keys, so that a service starts while its issuer is down.
///
/// Whoever can write it can make the service trust other keys.
#[derive(Clone)]
pub(crate) struct KeysFile(PathBuf);

#[derive(Serialize, Deserialize)]
struct Document {
    issuer: String,
    jwks: JwkSet,
}

impl KeysFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The set that was kept for this issuer, if there is one.
    pub(crate) fn read(&self, issuer: &str) -> io::Result<Option<JwkSet>> {
        let text = match std::fs::read(&self.0) {
            Ok(text) if text.len() > MAX_FILE => return Err(wrong("larger than it may be")),
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let document: Document = serde_json::from_slice(&text).map_err(wrong)?;
        if document.issuer != issuer {
            return Err(wrong("it has the keys of another issuer"));
        }
        Ok(Some(document.jwks))
    }

    /// Replaces the file at once, so that nobody reads half of it.
    pub(crate) fn write(&self, issuer: &str, jwks: &str) -> io::Result<()> {
        let jwks = JwkSet::parse(jwks.as_bytes()).map_err(wrong)?;
        let text = serde_json::to_vec(&Document { issuer: issuer.to_owned(), jwks }).map_err(wrong)?;
        let mut beside = self.0.clone().into_os_string();
        // Several processes may share the file.
        beside.push(format!(".{}", std::process::id()));
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, &self.0)
    }
}

fn wrong(what: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_string())
}

const MAX_FILE: usize = 512 * 1024;
