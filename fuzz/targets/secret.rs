//! Secrets in text: cookies and master keys.

use tokenry_domain::cookie::Cookie;
use tokenry_domain::seal::MasterKey;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(cookie) = text.parse::<Cookie>() {
        assert_eq!(*cookie.expose(), text);
    }
    let _ = MasterKey::parse(text);
}
