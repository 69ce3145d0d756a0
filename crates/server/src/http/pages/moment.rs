use jiff::tz::TimeZone;
use tokenry_domain::time::Timestamp;

use super::texts::Texts;

/// A time for people and for programs.
pub(super) struct Moment {
    /// As HTML's `datetime` has it.
    pub(super) machine: String,
    /// The date and the time of day in UTC; a script says it in local time.
    pub(super) exact: String,
    /// How long ago.
    pub(super) ago: String,
}

impl Moment {
    pub(super) fn new(at: Timestamp, now: Timestamp, text: &Texts) -> Self {
        let utc = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default().to_zoned(TimeZone::UTC);
        Self {
            machine: utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            exact: utc.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            ago: ago((now.seconds() - at.seconds()).max(0).unsigned_abs(), text),
        }
    }
}

fn ago(seconds: u64, text: &Texts) -> String {
    let text = &text.time;
    match seconds {
        0..60 => text.now.to_owned(),
        60..3600 => (text.minutes)(seconds / 60),
        3600..86_400 => (text.hours)(seconds / 3600),
        _ => (text.days)(seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::super::texts::ENGLISH;
    use super::*;

    #[test]
    fn a_moment_is_said_in_words_and_exactly() {
        let now = Timestamp::from_seconds(1_764_000_000);
        for (seconds, expected) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7199, "1 hour ago"),
            (86_400, "1 day ago"),
            (400 * 86_400, "400 days ago"),
        ] {
            let at = Timestamp::from_seconds(now.seconds() - seconds);
            assert_eq!(Moment::new(at, now, &ENGLISH).ago, expected);
        }
        let moment = Moment::new(now, now, &ENGLISH);
        assert_eq!((moment.machine.as_str(), moment.exact.as_str()), ("2025-11-24T16:00:00Z", "2025-11-24 16:00 UTC"));
    }
}
