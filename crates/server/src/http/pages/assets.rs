//! Files that pages refer to. They are part of the binary and are served under an address that changes with them, so
//! that a browser keeps them for good.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::http::path::Path;
use crate::http::problem::{self, ApiError};

/// All files, under one version.
pub(super) struct Assets {
    files: Vec<(&'static str, Cow<'static, [u8]>)>,
    version: String,
}

impl Assets {
    /// The files of this folder, and some that were made.
    pub(super) fn new(made: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        let mut files: Vec<_> = FILES.iter().map(|(name, bytes)| (*name, Cow::Borrowed(*bytes))).collect();
        for (name, bytes) in made {
            files.retain(|(other, _)| *other != name);
            files.push((name, Cow::Owned(bytes)));
        }
        let mut context = digest::Context::new(&digest::SHA256);
        for (name, bytes) in &files {
            context.update(name.as_bytes());
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        }
        let hash = context.finish();
        let version = hash.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { files, version }
    }

    /// The path of a file, below the path of the application. Files may refer to each other by relative paths.
    pub(super) fn path(&self, name: &str) -> String {
        debug_assert!(self.find(name).is_some(), "{name}");
        format!("/assets/{}/{name}", self.version)
    }

    fn find(&self, name: &str) -> Option<(&'static str, &[u8])> {
        self.files.iter().find(|(other, _)| *other == name).map(|(name, bytes)| (*name, &**bytes))
    }
}

/// A file, under its version, another one (during an update, nodes differ) or none.
pub(super) async fn serve(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<Response, ApiError> {
    let assets = &app.kit.assets;
    let (version, name) = path.split_once('/').unwrap_or(("", &path));
    let (current, found) = match assets.find(name).filter(|_| version == assets.version) {
        Some(found) => (true, Some(found)),
        None => (false, assets.find(&path).or_else(|| assets.find(name))),
    };
    let Some((name, bytes)) = found else { return Err(problem::no_such_path().await) };
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(CONTENT_TYPE, content_type(name)), (CACHE_CONTROL, caching)];
    Ok((headers, bytes.to_vec()).into_response())
}

fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    TYPES.iter().find(|(known, _)| *known == extension).map_or("application/octet-stream", |(_, kind)| kind)
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../assets/", $name)))),*]
    };
}

/// What lies in `assets`.
const FILES: &[(&str, &[u8])] = files![
    "forms.js",
    "playground/client.js",
    "playground/diagram.js",
    "playground/main.js",
    "playground/playground.css",
    "playground/token.js",
    "playground/words.js",
    "style.css",
];

const TYPES: [(&str, &str); 7] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("webp", "image/webp"),
];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_served_with_a_type() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets"));
        let mut found: Vec<String> =
            files_below(folder).iter().map(|file| file.strip_prefix(folder).unwrap().display().to_string()).collect();
        found.sort();
        assert_eq!(found, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert!(found.iter().all(|name| content_type(name) != "application/octet-stream"), "{found:?}");
    }

    #[test]
    fn another_content_is_another_version() {
        let version = |made: &[u8]| Assets::new([("style.css", made.to_vec())]).version;
        assert_eq!(version(b"a"), version(b"a"));
        assert_ne!(version(b"a"), version(b"b"));
    }
}
