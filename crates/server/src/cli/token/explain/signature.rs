use serde_json::Value;
use tokenry_jwt::{Algorithm, KeySet, Verifier, VerifyError, VerifyingKey};

use super::finding::{Finding, listed, quoted};
use crate::vocabulary::RULES;

/// Whether the signature is the key's, and what can be told when it is not. `pem` is the public key's text, where it was
/// given as such.
pub(super) fn judge(
    token: &str,
    header: &Value,
    claims: &Value,
    keys: Option<&KeySet>,
    pem: Option<&str>,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = judge_length(token, header).into_iter().collect();
    let broken = !findings.is_empty();
    if let Some(secret) = weak_secret(token, header, claims) {
        findings.push(Finding::new("weak_secret", [("secret", quoted(secret))]));
    }
    let Some(keys) = keys else {
        findings.push(Finding::plain("no_keys"));
        return findings;
    };
    let Some(alg) = header["alg"].as_str() else { return findings };
    let Ok(algorithm) = alg.parse::<Algorithm>() else { return findings };
    let public = !keys.is_empty() && keys.iter().all(|key| !key.algorithm().is_symmetric());
    if algorithm.is_symmetric() && public {
        findings.push(Finding::new("confusion", [("alg", alg.to_owned())]));
        if pem.is_some_and(|pem| is_signed_with(pem.as_bytes(), algorithm, token, header, claims)) {
            findings.push(Finding::plain("forged"));
        }
        return findings;
    }
    let known = || ("known", listed(keys.iter().filter_map(VerifyingKey::key_id)));
    findings.extend(match verify(token, header, claims, keys) {
        Err(VerifyError::UnknownKey { kid: Some(kid) }) => {
            Some(Finding::new("unknown_key", [("kid", quoted(&kid)), known()]))
        }
        Err(VerifyError::UnknownKey { kid: None }) => Some(Finding::new("no_key_without_kid", [known()])),
        Err(VerifyError::Algorithm { .. }) => Some(Finding::new("key_algorithm", [("alg", alg.to_owned())])),
        Err(VerifyError::Signature) if broken => None,
        Err(VerifyError::Signature) => Some(Finding::plain("signature")),
        Err(error) => (!precedes_the_signature(&error)).then(|| Finding::plain("signature_good")),
        Ok(()) => Some(Finding::plain("signature_good")),
    });
    findings
}

/// Verifies, taking issuer and type as the token has them.
fn verify(token: &str, header: &Value, claims: &Value, keys: &KeySet) -> Result<(), VerifyError> {
    let issuer = claims["iss"].as_str().unwrap_or_default();
    let verifier = Verifier::new(issuer, ["any"]).typ(header["typ"].as_str().unwrap_or_default());
    verifier.verify_genuine(token, keys).map(drop)
}

/// Errors that are found before the signature is looked at; any other comes after a good one.
fn precedes_the_signature(error: &VerifyError) -> bool {
    use VerifyError::{Algorithm, Critical, Malformed, Signature, TooLarge, Type, UnknownKey};
    matches!(error, TooLarge | Malformed(_) | Algorithm { .. } | UnknownKey { .. } | Signature | Type { .. } | Critical)
}

/// A signature that can't be one of its algorithm.
fn judge_length(token: &str, header: &Value) -> Option<Finding> {
    let (_, signature) = token.rsplit_once('.')?;
    if signature.is_empty() {
        return Some(Finding::plain("signature_empty"));
    }
    let alg = header["alg"].as_str()?;
    let expected = *RULES.signature_bytes.get(alg)?;
    let bytes = signature.len() * 3 / 4;
    if bytes == expected {
        return None;
    }
    // A DER sequence begins with the byte 0x30, which base64url writes as M and one of A to P.
    let der = matches!(signature.as_bytes(), [b'M', b'A'..=b'P', ..]);
    if alg.starts_with("ES") && der {
        return Some(Finding::new("signature_der", [("half", (expected / 2).to_string())]));
    }
    let values = [("bytes", bytes.to_string()), ("alg", alg.to_owned()), ("expected", expected.to_string())];
    Some(Finding::new("signature_length", values))
}

/// A secret that is in every guesser's list, if the token was signed with one.
fn weak_secret(token: &str, header: &Value, claims: &Value) -> Option<&'static str> {
    let algorithm: Algorithm = header["alg"].as_str()?.parse().ok()?;
    if !algorithm.is_symmetric() {
        return None;
    }
    let mut secrets = RULES.weak_secrets.iter().map(String::as_str);
    secrets.find(|secret| is_signed_with(secret.as_bytes(), algorithm, token, header, claims))
}

fn is_signed_with(secret: &[u8], algorithm: Algorithm, token: &str, header: &Value, claims: &Value) -> bool {
    // A secret shorter than the hash can't be made a key here; padding HMAC keys with zeros changes nothing.
    let mut bytes = secret.to_vec();
    bytes.resize(bytes.len().max(64), 0);
    VerifyingKey::from_secret(algorithm, &bytes).is_ok_and(|key| {
        let judged = verify(token, header, claims, &KeySet::from(key));
        judged.map_or_else(|error| !precedes_the_signature(&error), |()| true)
    })
}
