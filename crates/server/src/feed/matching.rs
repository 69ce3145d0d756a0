use serde::Deserialize;
use serde_json::value::RawValue;
use tokenry_jwt::Claims;

/// What of an entry decides whether it matches.
#[derive(Deserialize)]
struct Entry {
    kind: String,
    value: String,
    before: Option<i64>,
}

/// Whether a token with these claims is revoked by the entry, as a guard would judge.
pub(super) fn is_match(entry: &RawValue, claims: &Claims) -> bool {
    let Ok(Entry { kind, value, before }) = serde_json::from_str(entry.get()) else { return false };
    let value = Some(value.as_str());
    match kind.as_str() {
        "sid" => claims.session_id() == value,
        "sub" => Some(claims.subject()) == value && claims.issued_at() <= before,
        "jti" => claims.token_id() == value,
        "kid" => claims.key_id() == value,
        _ => false,
    }
}
