use serde_json::Value;

use super::finding::{Finding, quoted};
use crate::vocabulary::RULES;

/// Members of the payload that look like secrets, by name or by value.
pub(super) fn judge(claims: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(claims, "", &mut findings);
    findings.truncate(MOST);
    findings
}

/// In the order of the names, so that both readers find the same. The depth is that of the strict reading.
fn walk(value: &Value, name: &str, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            members.into_iter().for_each(|(name, value)| walk(value, name, findings));
        }
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, name, findings)),
        Value::String(text) if text.is_empty() => {}
        Value::String(text) if is_secret_name(name) || is_secret_value(text) => findings.push(found(name)),
        Value::Number(_) if is_secret_name(name) => findings.push(found(name)),
        _ => {}
    }
}

fn found(name: &str) -> Finding {
    Finding::new("secret_in_payload", [("name", quoted(name))])
}

fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect::<String>().to_ascii_lowercase();
    RULES.secret_names.contains(&plain)
}

fn is_secret_value(text: &str) -> bool {
    RULES.secret_values.iter().any(|start| text.starts_with(start.as_str()))
}

const MOST: usize = 10;
