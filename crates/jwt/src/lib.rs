//! Strict JSON Web Tokens: sign, verify, and publish the keys.
//!
//! The verifier is strict by default and its strictness can't be switched off: issuer and audience stand in its
//! constructor, the token's type and algorithm are checked, a token has one reading only (no duplicate members, no
//! padding, no lone surrogates). What was verified has a type, [`Claims`], that only [`Verifier`] can build.
//!
//! ```
//! use tokenry_jwt::{Algorithm, KeySet, SigningKey, Verifier};
//!
//! let key = SigningKey::generate(Algorithm::EdDsa)?;
//! let token = key.sign(
//!     "at+jwt",
//!     &serde_json::json!({
//!         "iss": "https://auth.example.com", "aud": "orders", "sub": "kimalo", "iat": 1764000000, "exp": 1764003600
//!     }),
//! )?;
//!
//! let keys = KeySet::from(key.verifying_key());
//! let verifier = Verifier::new("https://auth.example.com", ["orders"]);
//! let claims = verifier.verify(&token, &keys, 1764000001)?;
//! assert_eq!(claims.subject(), "kimalo");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No IO, no clock (`now` is a parameter, in seconds since 1970), no async, no logging.
//! JWS is RFC 7515, JWK RFC 7517, the algorithms RFC 7518 and 8037, JWT RFC 7519, its best practices RFC 8725,
//! access tokens RFC 9068.
#![deny(missing_docs)]

mod algorithm;
mod base64url;
pub mod claim;
mod claims;
mod error;
mod header;
mod json;
mod jwk;
mod jwk_set;
mod key_set;
mod payload;
mod pem;
mod primitive;
mod secret;
mod signing_key;
mod unverified;
mod verifier;
mod verifying_key;

pub use algorithm::Algorithm;
pub use claims::{Claims, Genuine};
pub use error::{KeyError, SignError, VerifyError};
pub use jwk::Jwk;
pub use jwk_set::JwkSet;
pub use key_set::KeySet;
pub use signing_key::SigningKey;
pub use unverified::Unverified;
pub use verifier::{MAX_LEEWAY, MAX_TOKEN, Verifier};
pub use verifying_key::VerifyingKey;

/// Whether `text` is a JSON object that has one reading only: no duplicate members at any depth, no lone surrogates, at
/// most 16 levels deep. What a token's payload must satisfy, for other input that deserves the same.
///
/// # Errors
///
/// What is wrong, in a few words.
pub fn strict_json(text: &str) -> Result<(), &'static str> {
    json::scan(text, |_, _| {})
}
