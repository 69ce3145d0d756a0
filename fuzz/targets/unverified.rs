//! The debugger's look into a token.

use tokenry_jwt::Unverified;

pub fn run(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = Unverified::parse(token) {
        assert!(token.insecure_header().is_object() && token.insecure_claims().is_object());
    }
}
