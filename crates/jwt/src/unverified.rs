use serde_json::Value;

use crate::verifier::{MAX_TOKEN, Parts, utf8};
use crate::{VerifyError, base64url, json};

/// A look into a token, for debuggers: nothing in it can be trusted, and nothing was verified.
#[derive(Clone, Debug)]
pub struct Unverified {
    header: Value,
    claims: Value,
}

impl Unverified {
    /// Takes a token apart, with the same bounds and the same strict reading as the verifier.
    ///
    /// # Errors
    /// [`VerifyError::TooLarge`] or [`VerifyError::Malformed`].
    pub fn parse(token: &str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN {
            return Err(VerifyError::TooLarge);
        }
        let parts = Parts::split(token)?;
        base64url::decode(parts.signature).ok_or(VerifyError::Malformed("signature not base64url"))?;
        Ok(Self {
            header: read(parts.header, "header not base64url")?,
            claims: read(parts.payload, "payload not base64url")?,
        })
    }

    /// The header, as anyone may have written it.
    #[must_use]
    pub fn insecure_header(&self) -> &Value {
        &self.header
    }

    /// The claims, as anyone may have written them.
    #[must_use]
    pub fn insecure_claims(&self) -> &Value {
        &self.claims
    }
}

fn read(part: &str, fault: &'static str) -> Result<Value, VerifyError> {
    let text = utf8(base64url::decode(part).ok_or(VerifyError::Malformed(fault))?)?;
    json::scan(&text, |_, _| ()).map_err(VerifyError::Malformed)?;
    serde_json::from_str(&text).map_err(|_| VerifyError::Malformed("not JSON"))
}
