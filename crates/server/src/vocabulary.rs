//! What is said about tokens, in one place for the terminal and for the debugger's page.
//!
//! The page reads the same two files; `vectors/debugger` holds both to the same findings and the same sentences.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Words by their names.
#[derive(Deserialize, Default)]
pub(crate) struct Vocabulary {
    findings: BTreeMap<String, Entry>,
    members: BTreeMap<String, Words>,
    parts: BTreeMap<String, Words>,
    verdict: BTreeMap<String, Words>,
    page: BTreeMap<String, Words>,
}

/// What rules about tokens compare with.
#[derive(Deserialize, Default)]
pub(crate) struct Rules {
    pub signature_bytes: BTreeMap<String, usize>,
    pub max_date: f64,
    pub max_milliseconds: f64,
    pub clock_skew: i64,
    pub long_life: i64,
    pub absurd_life: i64,
    pub text_claims: Vec<String>,
    pub foreign_keys: Vec<String>,
    pub secret_names: Vec<String>,
    pub secret_values: Vec<String>,
    pub weak_secrets: Vec<String>,
}

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// A strict verifier refuses the token.
    Problem,
    /// It is accepted, and risky.
    Warning,
    Note,
}

#[derive(Deserialize)]
pub(crate) struct Entry {
    pub code: String,
    pub severity: Severity,
    pub en: String,
}

#[derive(Deserialize)]
struct Words {
    en: String,
    ko: String,
}

impl Vocabulary {
    pub(crate) fn finding(&self, id: &str) -> Option<&Entry> {
        self.findings.get(id)
    }

    /// What a member of a header or payload means.
    pub(crate) fn member(&self, name: &str) -> &str {
        english(self.members.get(name).or_else(|| self.members.get("?")))
    }

    pub(crate) fn part(&self, name: &str) -> &str {
        english(self.parts.get(name))
    }

    pub(crate) fn verdict(&self, good: bool) -> &str {
        english(self.verdict.get(if good { "good" } else { "bad" }))
    }

    /// A label of the page.
    pub(crate) fn page(&self, name: &str, korean: bool) -> &str {
        self.page.get(name).map_or("", |words| if korean { &words.ko } else { &words.en })
    }
}

/// `template` with each `{name}` replaced, in one pass: a value is never taken for a place.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { break };
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn english(words: Option<&Words>) -> &str {
    words.map_or("", |words| &words.en)
}

/// The words. That they can be read is tested.
pub(crate) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| serde_json::from_str(WORDS).unwrap_or_default());

/// The rules. That they can be read is tested.
pub(crate) static RULES: LazyLock<Rules> = LazyLock::new(|| serde_json::from_str(RULES_TEXT).unwrap_or_default());

pub(crate) const WORDS: &str = include_str!("../debugger/words.json");
pub(crate) const RULES_TEXT: &str = include_str!("../debugger/rules.json");

#[cfg(test)]
mod tests {
    use tokenry_jwt::MAX_TOKEN;

    use super::*;

    #[test]
    fn both_files_are_read() {
        serde_json::from_str::<Vocabulary>(WORDS).unwrap();
        serde_json::from_str::<Rules>(RULES_TEXT).unwrap();
        let rules: serde_json::Value = serde_json::from_str(RULES_TEXT).unwrap();
        assert_eq!(rules["max_token"], MAX_TOKEN);
    }

    #[test]
    fn a_value_is_not_taken_for_a_place() {
        let values = [("a", "{b}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("{a}-{b}-{c}.", &values), "{b}-x-.");
    }
}
