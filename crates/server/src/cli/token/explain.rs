//! What a token says, and everything that is wrong with it, not only the first.

mod contents;
mod finding;
mod header;
mod names;
mod signature;
mod structure;
mod times;

use std::fmt::Write;

use serde_json::{Value, json};
use tokenry_jwt::KeySet;

use self::finding::Finding;
use super::render::{moment, safe, seconds};
use crate::cli::Failure;
use crate::vocabulary::{Severity, VOCABULARY};

/// What is known of where the token is to be used.
pub(super) struct Question<'a> {
    pub keys: Option<&'a KeySet>,
    /// The public key's text, where it was given as such.
    pub pem: Option<&'a str>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    /// Empty: any.
    pub typ: String,
    pub now: i64,
}

/// What a token says and what is wrong with it.
pub(super) struct Explanation {
    header: Value,
    claims: Value,
    findings: Vec<Finding>,
}

impl Question<'_> {
    pub(super) fn explain(&self, token: &str) -> Explanation {
        let clean = structure::clean(token);
        let mut findings = Vec::new();
        if clean != token {
            findings.push(Finding::plain("pasted"));
        }
        let (header, claims) = match structure::judge(clean) {
            Ok(both) => both,
            Err(faults) => {
                findings.extend(faults);
                return Explanation { header: Value::Null, claims: Value::Null, findings };
            }
        };
        findings.extend(header::judge(&header, &self.typ));
        findings.extend(times::judge(&claims, header["typ"].as_str().unwrap_or_default(), self.now));
        findings.extend(names::judge(&claims, self.issuer.as_deref(), self.audience.as_deref()));
        findings.extend(contents::judge(&claims));
        findings.extend(signature::judge(clean, &header, &claims, self.keys, self.pem));
        Explanation { header, claims, findings }
    }
}

impl Explanation {
    /// Success when nothing is wrong.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        match self.of(Severity::Problem).count() {
            0 => Ok(()),
            number => Err(Failure::new("token_invalid", format!("{number} problems were found"))),
        }
    }

    pub(super) fn as_json(&self) -> String {
        let all = |severity| self.of(severity).map(Finding::as_json).collect::<Vec<_>>();
        let verdict = if self.findings.iter().any(Finding::is_problem) { "bad" } else { "good" };
        let all = json!({
            "verdict": verdict,
            "problems": all(Severity::Problem),
            "warnings": all(Severity::Warning),
            "notes": all(Severity::Note),
            "header": self.header,
            "claims": self.claims,
        });
        format!("{}\n", safe(&all))
    }

    pub(super) fn as_text(&self, now: i64) -> String {
        let mut text = String::new();
        for (part, value) in [("header", &self.header), ("claims", &self.claims)] {
            let Some(members) = value.as_object() else { continue };
            let _ = writeln!(text, "{part}");
            for (name, value) in members {
                let shown = match (name.as_str(), seconds(value)) {
                    ("exp" | "nbf" | "iat" | "auth_time", Some(at)) => format!("{at}, {}", moment(at, now)),
                    _ => safe(value).replace('\n', " "),
                };
                let meaning = VOCABULARY.member(name);
                let _ = writeln!(text, "  {}: {shown}\n      {meaning}", safe(&name.as_str().into()).trim_matches('"'));
            }
        }
        for (label, severity) in
            [("note", Severity::Note), ("warning", Severity::Warning), ("problem", Severity::Problem)]
        {
            for finding in self.of(severity) {
                let _ = writeln!(text, "{label}: {} ({})", finding.text(), finding.code());
            }
        }
        let good = !self.findings.iter().any(Finding::is_problem);
        let _ = writeln!(text, "{}", VOCABULARY.verdict(good));
        text
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity() == severity)
    }
}

#[cfg(test)]
mod tests;
