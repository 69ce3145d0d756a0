//! Strict JSON: what is accepted, serde_json accepts, and writing it out again changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokenry_jwt::Unverified;

pub fn run(data: &[u8]) {
    let token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(data));
    let Ok(token) = Unverified::parse(&token) else {
        return;
    };
    let value: Option<serde_json::Value> = serde_json::from_slice(data).ok();
    assert_eq!(value.as_ref(), Some(token.insecure_claims()));
    let again = token.insecure_claims().to_string();
    let again = format!("e30.{}.", URL_SAFE_NO_PAD.encode(again));
    assert!(again.len() > tokenry_jwt::MAX_TOKEN || Unverified::parse(&again).is_ok());
}
