use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What all who are compared are given: the same keys, tokens and claims.
#[derive(Deserialize)]
pub(crate) struct Fixture {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) claims: Claims,
    keys: HashMap<String, Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    /// The secret, or PKCS#8.
    private: String,
    jwk: Option<serde_json::Value>,
    tokens: Vec<String>,
}

/// The claims of all tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) exp: u64,
    pub(crate) iat: u64,
    pub(crate) jti: String,
    pub(crate) sid: String,
    pub(crate) scope: String,
}

impl Fixture {
    pub(crate) fn read(path: &str) -> Self {
        serde_json::from_slice(&std::fs::read(path).expect("the fixture")).expect("the fixture's form")
    }

    pub(crate) fn kid(&self, algorithm: &str) -> &str {
        &self.keys[algorithm].kid
    }

    pub(crate) fn private(&self, algorithm: &str) -> Vec<u8> {
        STANDARD.decode(&self.keys[algorithm].private).expect("base64")
    }

    /// The private key, PKCS#8 in PEM.
    pub(crate) fn pem(&self, algorithm: &str) -> String {
        let lines: Vec<&str> = self.keys[algorithm]
            .private
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    pub(crate) fn jwk(&self, algorithm: &str) -> Option<&serde_json::Value> {
        self.keys[algorithm].jwk.as_ref()
    }

    pub(crate) fn tokens(&self, algorithm: &str) -> Vec<String> {
        self.keys[algorithm].tokens.clone()
    }
}
