use serde_json::Value;
use tokenry_jwt::Algorithm;

use super::finding::{Finding, quoted};
use crate::vocabulary::RULES;

/// What the header says about itself. An empty `expected` expects no type.
pub(super) fn judge(header: &Value, expected: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &header["alg"] {
        Value::String(alg) if alg.eq_ignore_ascii_case("none") => findings.push(Finding::plain("alg_none")),
        Value::String(alg) if alg.parse::<Algorithm>().is_err() => {
            findings.push(Finding::new("alg_unknown", [("alg", quoted(alg))]));
        }
        Value::String(_) => {}
        _ if header.get("alg").is_none() => findings.push(Finding::plain("alg_missing")),
        _ => findings.push(header_type("alg")),
    }
    for name in ["kid", "typ"] {
        if header.get(name).is_some_and(|value| !value.is_string()) {
            findings.push(header_type(name));
        }
    }
    findings.extend(judge_type(&header["typ"], expected));
    for name in &RULES.foreign_keys {
        if header.get(name).is_some() {
            findings.push(Finding::new("foreign_key", [("name", name.clone())]));
        }
    }
    if header.get("crit").is_some() {
        findings.push(Finding::plain("critical"));
    }
    findings
}

fn judge_type(typ: &Value, expected: &str) -> Option<Finding> {
    let found = bare(typ.as_str().unwrap_or_default());
    if expected.is_empty() || (!typ.is_null() && !typ.is_string()) || found == bare(expected) {
        return None;
    }
    let wanted = ("expected", quoted(expected));
    Some(match found.as_str() {
        "" => Finding::new("type_missing", [wanted]),
        "rt+jwt" => Finding::new("type_refresh", [wanted]),
        "at+jwt" => Finding::new("type_access", [wanted]),
        _ => Finding::new("type", [("found", quoted(&found)), wanted]),
    })
}

/// A media type as it is compared (RFC 7515 section 4.1.9).
fn bare(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => typ,
    }
}

fn header_type(name: &str) -> Finding {
    Finding::new("header_type", [("name", name.to_owned())])
}
