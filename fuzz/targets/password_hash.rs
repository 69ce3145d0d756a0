//! Stored password hashes, ours and Django's: what is accepted is kept as it is.

use tokenry_domain::password::PasswordHash;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(hash) = PasswordHash::parse(text) {
        assert_eq!(hash.encoded(), text);
    }
}
