use serde_json::Value;

use super::finding::{Finding, listed, quoted};
use crate::vocabulary::RULES;

/// Who issued the token, about whom, for whom.
pub(super) fn judge(claims: &Value, issuer: Option<&str>, audience: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in &RULES.text_claims {
        if claims.get(name).is_some_and(|value| !value.is_string()) {
            findings.push(Finding::new("claim_type", [("name", name.clone())]));
        }
    }
    match claims.get("sub") {
        None => findings.push(Finding::plain("missing_sub")),
        Some(Value::String(sub)) if sub.is_empty() || sub.chars().any(char::is_control) => {
            findings.push(Finding::plain("invalid_sub"));
        }
        Some(_) => {}
    }
    match (claims.get("iss"), issuer) {
        (None, _) => findings.push(Finding::plain("missing_iss")),
        (Some(Value::String(found)), Some(expected)) if found != expected => {
            let id = if plain(found) == plain(expected) { "issuer_nearly" } else { "issuer" };
            findings.push(Finding::new(id, [("found", quoted(found)), ("expected", quoted(expected))]));
        }
        _ => {}
    }
    findings.extend(judge_audience(claims.get("aud"), audience));
    findings
}

fn judge_audience(aud: Option<&Value>, expected: Option<&str>) -> Option<Finding> {
    let found: Option<Vec<&str>> = match aud {
        None => return Some(Finding::plain("missing_aud")),
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let Some(found) = found else { return Some(Finding::plain("audience_type")) };
    let expected = expected.filter(|expected| !found.contains(expected))?;
    Some(Finding::new("audience", [("found", listed(found)), ("expected", quoted(expected))]))
}

/// An issuer without what people overlook.
fn plain(text: &str) -> String {
    text.trim_end_matches('/').to_ascii_lowercase().replace("http://", "https://")
}
