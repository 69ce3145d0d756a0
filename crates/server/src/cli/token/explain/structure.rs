//! The shape: three parts, each in its one encoding.

use serde_json::Value;
use tokenry_jwt::{MAX_TOKEN, Unverified, VerifyError};

use super::finding::Finding;
use crate::vocabulary::VOCABULARY;

/// A token without what was pasted around it.
pub(super) fn clean(token: &str) -> &str {
    let pasted = token.trim_matches(SPACE).trim_matches(['"', '\'']);
    pasted.strip_prefix("Bearer ").or_else(|| pasted.strip_prefix("bearer ")).unwrap_or(pasted).trim_matches(SPACE)
}

/// Header and claims, or what is wrong with the shape: all of it that can be told.
pub(super) fn judge(clean: &str) -> Result<(Value, Value), Vec<Finding>> {
    if clean.len() > MAX_TOKEN {
        return Err(vec![Finding::new("too_large", [("most", MAX_TOKEN.to_string())])]);
    }
    let parts: Vec<&str> = clean.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else {
        return Err(vec![match parts.len() {
            5 => Finding::plain("encrypted"),
            2 => Finding::plain("unsigned"),
            number => Finding::new("parts", [("number", number.to_string())]),
        }]);
    };
    let mut findings = Vec::new();
    if clean.contains(['+', '/']) {
        findings.push(Finding::plain("base64"));
    }
    if clean.contains('=') {
        findings.push(Finding::plain("padding"));
    }
    if findings.is_empty() {
        // Each part beside good ones, so that a fault can be told to be its own.
        let alone = [
            ("header", header, format!("{header}.{EMPTY}.")),
            ("payload", payload, format!("{EMPTY}.{payload}.")),
            ("signature", signature, format!("{EMPTY}.{EMPTY}.{signature}")),
        ];
        for (name, part, token) in alone {
            if let Err(VerifyError::Malformed(fault)) = Unverified::parse(&token) {
                findings.push(Finding::new(id(fault, part), [("part", VOCABULARY.part(name).to_owned())]));
            }
        }
    }
    match Unverified::parse(clean) {
        Ok(peeked) if findings.is_empty() => Ok((peeked.insecure_header().clone(), peeked.insecure_claims().clone())),
        _ => Err(findings),
    }
}

fn id(fault: &str, part: &str) -> &'static str {
    match fault {
        "duplicate member" => "duplicate_member",
        "lone surrogate" => "lone_surrogate",
        "JSON nested too deeply" => "too_deep",
        "not a JSON object" => "not_object",
        "not UTF-8" => "not_utf8",
        fault if fault.ends_with("not base64url") => {
            let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            if letters && part.len() % 4 != 1 { "trailing_bits" } else { "not_base64url" }
        }
        _ => "not_json",
    }
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// `{}`.
const EMPTY: &str = "e30";
