use serde_json::Value;

use super::super::render::{moment, span};
use super::finding::Finding;
use crate::vocabulary::RULES;

/// When the token is valid, and whether its dates are any.
pub(super) fn judge(claims: &Value, typ: &str, now: i64) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        ["exp", "nbf", "iat"].iter().filter_map(|name| judge_date(name, claims.get(name)?, now)).collect();
    let date = |name: &str| claims.get(name).and_then(seconds);
    let (exp, nbf, iat) = (date("exp"), date("nbf"), date("iat"));
    if claims.get("exp").is_none() {
        findings.push(Finding::plain("missing_exp"));
    }
    if let Some(exp) = exp.filter(|exp| *exp <= now) {
        findings.push(Finding::new("expired", [("span", span(now - exp))]));
    }
    if let Some(nbf) = nbf.filter(|nbf| *nbf > now) {
        findings.push(Finding::new("not_yet_valid", [("moment", moment(nbf, now))]));
    }
    if let Some(iat) = iat.filter(|iat| *iat > now + RULES.clock_skew) {
        findings.push(Finding::new("issued_in_future", [("span", span(iat - now))]));
    }
    if let Some((exp, start)) = exp.zip(nbf.or(iat)) {
        if exp <= start {
            findings.push(Finding::plain("never_valid"));
        } else {
            findings.extend(judge_life(exp - start, typ));
        }
    }
    findings
}

fn judge_date(name: &'static str, value: &Value, now: i64) -> Option<Finding> {
    let named = ("name", name.to_owned());
    let Some(at) = value.as_f64() else { return Some(Finding::new("date_type", [named])) };
    if at < 0.0 {
        return Some(Finding::new("date_negative", [named]));
    }
    if at > RULES.max_milliseconds {
        return Some(Finding::new("date_beyond", [named]));
    }
    (at > RULES.max_date).then(|| {
        let at = whole(at);
        Finding::new("milliseconds", [named, ("at", at.to_string()), ("moment", moment(at / 1000, now))])
    })
}

/// A refresh token goes to its issuer alone, so it may live longer.
fn judge_life(life: i64, typ: &str) -> Option<Finding> {
    let id = match life {
        life if life > RULES.absurd_life => "absurd_life",
        life if life > RULES.long_life && !typ.to_ascii_lowercase().ends_with("rt+jwt") => "long_life",
        _ => return None,
    };
    Some(Finding::new(id, [("span", span(life))]))
}

/// A date that is one, its fraction rounded up as verifying does.
fn seconds(value: &Value) -> Option<i64> {
    value.as_f64().filter(|at| (0.0..=RULES.max_date).contains(at)).map(|at| whole(at.ceil()))
}

#[expect(clippy::cast_possible_truncation, reason = "within the bounds of the rules, and the fraction is meant to go")]
fn whole(at: f64) -> i64 {
    at as i64
}
