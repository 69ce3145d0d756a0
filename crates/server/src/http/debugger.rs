//! The JWT debugger: a page that works without any request, and the same as one file that works from disk.
//!
//! Its modules are put together into one script by joining them: an import stands on a line of its own, names are unique
//! among them, and what is left is one module without imports.

use std::sync::{Arc, LazyLock};

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::pages::Page;
use super::problem::ApiError;
use crate::App;
use crate::vocabulary::{RULES_TEXT, VOCABULARY, WORDS};

/// `/debugger` and what belongs to it.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/debugger", get(show))
        .route("/debugger/offline", get(offline))
        .route("/debugger/debugger.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT.as_str())))
        .route("/debugger/debugger.css", get(async || asset("text/css; charset=utf-8", STYLE)))
}

#[derive(Template)]
#[template(path = "debugger.html")]
struct Debugger<'a> {
    korean: bool,
    /// What the page knows of this server, as JSON; empty in the file.
    server: String,
    words: &'a str,
    rules: &'a str,
    inlined: Option<Inlined>,
}

/// Script and style within the file, and the policy that lets only these two through.
struct Inlined {
    policy: String,
    script: &'static str,
    style: &'static str,
}

impl Debugger<'_> {
    fn new(korean: bool, server: String, inlined: Option<Inlined>) -> Self {
        Self { korean, server, words: &WORDS_DATA, rules: &RULES_DATA, inlined }
    }

    fn t(&self, name: &str) -> &'static str {
        VOCABULARY.page(name, self.korean)
    }

    fn html(&self) -> Result<String, ApiError> {
        Ok(self.render().map_err(|error| tokenry_domain::Error::Internal(error.to_string()))?)
    }
}

async fn show(State(app): State<Arc<App>>, page: Page) -> Result<Response, ApiError> {
    let settings = app.authority.settings();
    let introspect = format!("{}/v1/introspect", settings.issuer.trim_end_matches('/'));
    // The one address that a press of a button may send the token to, as a policy has it (CSP level 3, section 2.3.1).
    let policy = format!("{SERVED}; connect-src {}", introspect.replace(';', "%3B").replace(',', "%2C"));
    let server = json!({
        "issuer": settings.issuer,
        "audience": settings.audiences.first(),
        "introspect": introspect,
        "jwks": app.authority.keys().jwks(),
    });
    let html = Debugger::new(is_korean(&page), server.to_string(), None).html()?;
    let headers = [
        (CONTENT_TYPE, HTML.to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (VARY, "accept-language, cookie".to_owned()),
    ];
    Ok((headers, html).into_response())
}

async fn offline(page: Page) -> Result<Response, ApiError> {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&SCRIPT),
        hash(STYLE)
    );
    let inlined = Inlined { policy, script: &SCRIPT, style: STYLE };
    let html = Debugger::new(is_korean(&page), String::new(), Some(inlined)).html()?;
    let headers = [
        (CONTENT_TYPE, HTML),
        (CONTENT_DISPOSITION, "attachment; filename=\"debugger.html\""),
        (VARY, "accept-language, cookie"),
    ];
    Ok((headers, html).into_response())
}

fn is_korean(page: &Page) -> bool {
    page.language.tag() == "ko"
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text)
}

/// A source expression (CSP level 3, section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// The modules as one: without imports, and with nothing to export to.
fn joined(modules: &[&str]) -> String {
    let lines = modules.iter().flat_map(|module| module.lines()).filter(|line| !line.starts_with("import "));
    lines.map(|line| format!("{}\n", line.strip_prefix("export ").unwrap_or(line))).collect()
}

/// JSON that may stand in an HTML script element.
fn data(json: &str) -> String {
    json.replace('<', "\\u003c")
}

static SCRIPT: LazyLock<String> = LazyLock::new(|| joined(MODULES));
static WORDS_DATA: LazyLock<String> = LazyLock::new(|| data(WORDS));
static RULES_DATA: LazyLock<String> = LazyLock::new(|| data(RULES_TEXT));

/// Each behind those that it imports.
const MODULES: &[&str] = &[
    include_str!("../../debugger/base64url.js"),
    include_str!("../../debugger/json.js"),
    include_str!("../../debugger/token.js"),
    include_str!("../../debugger/claims.js"),
    include_str!("../../debugger/algorithms.js"),
    include_str!("../../debugger/pem.js"),
    include_str!("../../debugger/keys.js"),
    include_str!("../../debugger/signature.js"),
    include_str!("../../debugger/explain.js"),
    include_str!("../../debugger/changes.js"),
    include_str!("../../debugger/words.js"),
    include_str!("../../debugger/key-status.js"),
    include_str!("../../debugger/dom.js"),
    include_str!("../../debugger/live.js"),
    include_str!("../../debugger/show.js"),
    include_str!("../../debugger/page.js"),
];

const STYLE: &str = include_str!("../../debugger/debugger.css");

const HTML: &str = "text/html; charset=utf-8";

const SERVED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_joined_script_imports_nothing_and_ends_no_element() {
        for forbidden in ["</", "<!--", "\nimport ", "\nexport "] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
        assert!(!STYLE.contains("</"));
        assert!(!WORDS_DATA.contains('<') && !RULES_DATA.contains('<'));
    }

    #[test]
    fn every_module_is_joined_and_no_name_is_declared_twice() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("debugger");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(files.filter(|file| file.extension().is_some_and(|end| end == "js")).count(), MODULES.len());
        let mut names = BTreeSet::new();
        for line in SCRIPT.lines() {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let name = match words.as_slice() {
                ["const" | "let" | "function" | "class", name, ..] | ["async", "function", name, ..] => *name,
                _ => continue,
            };
            assert!(names.insert(name), "{name} is declared twice");
        }
    }
}
