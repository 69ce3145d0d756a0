//! Configuration: values keep what they say when they are printed, and a whole file is taken or refused.

use tokenry::Config;
use tokenry::config::{Bytes, Networks, Span};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(span) = text.parse::<Span>() {
        assert_eq!(span.to_string().parse(), Ok(span));
    }
    let _ = text.parse::<Bytes>();
    let _ = serde_json::from_value::<Networks>(text.into());
    if let Ok(config) = toml::from_str::<Config>(text) {
        let _ = config.settings(config.listen.0);
    }
}
