use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// A length of time, written `10s`, `15m`, `1h` or `14d`; `0` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A size, written `19MiB`, `64KiB`, `1GiB` or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A list, written as an array or as one comma-separated text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List(pub Vec<String>);

/// What to log: a level, and levels for parts of the program, written `info,tokenry::request=debug`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogFilter(pub(crate) Targets);

impl Default for LogFilter {
    fn default() -> Self {
        // At each start it says that no migration is due.
        Self(Targets::new().with_default(LevelFilter::INFO).with_target("refinery_core", LevelFilter::WARN))
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = |text: &str| LEVELS.contains(&text).then(|| text.parse::<LevelFilter>().ok()).flatten();
        let is_target = |text: &str| text.split("::").all(|part| !part.is_empty() && part.bytes().all(is_of_name));
        let add = |targets: Targets, part: &str| match part.split_once('=') {
            None => Some(targets.with_default(level(part)?)),
            Some((target, of)) => is_target(target).then_some(targets.with_target(target, level(of)?)),
        };
        let targets = text.split(',').try_fold(Targets::new(), add);
        targets.map(Self).ok_or_else(|| format!("{text:?} is no filter: write info,tokenry::request=debug"))
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The time, or `None` for zero.
    pub fn positive(self) -> Option<Duration> {
        Some(self.0).filter(|span| !span.is_zero())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is no length of time: write 10s, 15m, 1h or 14d");
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let (number, unit) = split(text);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(expected()),
        };
        let number: u64 = number.parse().map_err(|_| expected())?;
        let seconds = number.checked_mul(seconds).filter(|seconds| *seconds <= MAX_SECONDS);
        seconds.map(Self::seconds).ok_or_else(|| format!("{text:?} is longer than 100 years"))
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is no size: write 19MiB, 64KiB or a number of bytes");
        let (number, unit) = split(text);
        let bytes: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(expected()),
        };
        number.parse::<u64>().ok().and_then(|number| number.checked_mul(bytes)).map(Self).ok_or_else(expected)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0 => f.write_str("0"),
            seconds if seconds % 86_400 == 0 => write!(f, "{}d", seconds / 86_400),
            seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => write!(f, "{}MiB", bytes >> 20),
            bytes if bytes > 0 && bytes % (1 << 10) == 0 => write!(f, "{}KiB", bytes >> 10),
            bytes => write!(f, "{bytes}"),
        }
    }
}

macro_rules! text {
    ($type:ident) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

text!(LogFilter);
text!(Span);
text!(Bytes);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or a comma-separated text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<List, E> {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(List(items.map(str::to_owned).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_any(Items)
    }
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// A hundred years: anything longer is a mistake, and would overflow dates.
const MAX_SECONDS: u64 = 100 * 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for text in ["10s", "15m", "1h", "14d", "0", "90s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for bad in ["", "10", "1.5h", "-1s", "1w", "h", "1 h", "99999999999d", "18446744073709551616s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_and_written() {
        for text in ["19MiB", "64KiB", "1000"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        for bad in ["", "MiB", "1MB", "-1", "99999999999999GiB"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn filters_are_read_and_written() {
        for text in ["info", "warn", "tokenry::request=debug,info", "off"] {
            assert_eq!(text.parse::<LogFilter>().unwrap().to_string(), text);
        }
        let default = LogFilter::default();
        assert_eq!(default.to_string().parse(), Ok(default));
        for bad in [
            "",
            ",",
            "info,",
            "a=",
            "=info",
            "loud",
            "inof",
            "6",
            "info, tokenry=debug",
            "tokenry=loud",
            "a=b=c",
            "tokenry[span]=debug",
            "info,[{id}]=trace",
        ] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }
}
