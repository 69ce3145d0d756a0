//! How a token is shown: no text of it may control the terminal.

use std::fmt::Write;

use serde_json::Value;

/// JSON in which every character that a terminal could obey is escaped.
pub(super) fn safe(value: &Value) -> String {
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => safe.push('\n'),
            c if c.is_control() || is_hidden(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Header and claims as they are, and the times as people read them.
pub(super) fn decoded(header: &Value, claims: &Value, now: i64) -> String {
    let mut text = format!("NOT VERIFIED\n\nheader {}\n\nclaims {}\n", safe(header), safe(claims));
    let times: Vec<(&str, i64)> = ["iat", "nbf", "exp", "auth_time"]
        .into_iter()
        .filter_map(|name| Some((name, seconds(&claims[name])?)))
        .collect();
    if !times.is_empty() {
        text.push_str("\ntimes\n");
    }
    for (name, at) in times {
        let _ = writeln!(text, "  {name:<10} {}", moment(at, now));
    }
    text
}

/// A moment in UTC and from now.
pub(super) fn moment(at: i64, now: i64) -> String {
    match jiff::Timestamp::from_second(at) {
        Ok(utc) if at <= now => format!("{utc} ({} ago)", span(now.saturating_sub(at))),
        Ok(utc) => format!("{utc} (in {})", span(at.saturating_sub(now))),
        Err(_) => format!("{at} is no date"),
    }
}

/// A length of time in its largest unit.
pub(super) fn span(seconds: i64) -> String {
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A NumericDate, its fraction cut off.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond i64 is cut to its end, and shown as no date")]
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

/// Marks that reorder or hide text.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_controls_the_terminal() {
        let shown = safe(&json!({ "a": "\u{1b}[2J\u{9b}\u{202e}\u{7f}" }));
        assert!(shown.chars().all(|c| c == '\n' || !(c.is_control() || is_hidden(c))), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["a"], "\u{1b}[2J\u{9b}\u{202e}\u{7f}");
    }

    #[test]
    fn times_are_read_by_people() {
        assert_eq!(moment(1_764_000_000, 1_764_000_180), "2025-11-24T16:00:00Z (3 minutes ago)");
        assert_eq!(moment(1_764_003_600, 1_764_000_000), "2025-11-24T17:00:00Z (in 60 minutes)");
        assert_eq!(moment(i64::MAX, 0), "9223372036854775807 is no date");
    }
}
