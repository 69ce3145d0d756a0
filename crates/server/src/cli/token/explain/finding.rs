use serde_json::{Value, json};

use super::super::render::safe;
use crate::vocabulary::{Severity, VOCABULARY, fill};

/// One thing that was noticed about a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// Its name in `words.json`.
    pub(super) id: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Finding {
    pub(super) fn new(id: &'static str, values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { id, values: values.into_iter().collect() }
    }

    pub(super) fn plain(id: &'static str) -> Self {
        Self::new(id, [])
    }

    /// Whether a strict verifier refuses the token for it.
    pub(super) fn is_problem(&self) -> bool {
        self.severity() == Severity::Problem
    }

    pub(super) fn severity(&self) -> Severity {
        VOCABULARY.finding(self.id).map_or(Severity::Problem, |entry| entry.severity)
    }

    pub(super) fn code(&self) -> &'static str {
        VOCABULARY.finding(self.id).map_or(self.id, |entry| &entry.code)
    }

    pub(super) fn text(&self) -> String {
        VOCABULARY.finding(self.id).map_or_else(String::new, |entry| fill(&entry.en, &self.values))
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "code": self.code(), "detail": self.text() })
    }
}

/// Text of the token as it may be shown: short, in quotation marks, and without power over a terminal.
pub(super) fn quoted(text: &str) -> String {
    safe(&Value::String(text.chars().take(MOST_CHARACTERS).collect()))
}

/// Several of them.
pub(super) fn listed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut texts = texts.into_iter();
    let mut shown: Vec<String> = texts.by_ref().take(MOST_LISTED).map(quoted).collect();
    if texts.next().is_some() {
        shown.push("…".to_owned());
    }
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

const MOST_CHARACTERS: usize = 64;
const MOST_LISTED: usize = 8;
