use tokenry_jwt::{KeySet, Verifier, VerifyError};

use super::Fault;
use super::chain::Digest;

/// What the issuer signed about its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// When, in seconds since 1970 by the issuer's clock.
    pub(crate) at: i64,
    /// The newest entry.
    pub(crate) seq: u64,
    /// Over all entries.
    pub(crate) digest: Digest,
    /// What the first entry of a snapshot follows.
    pub(crate) base: Option<Digest>,
}

impl Statement {
    /// Reads a heartbeat, which must be signed for this purpose by one of `keys` that is not revoked.
    pub(crate) fn verify(
        token: &str,
        issuer: &Verifier,
        keys: &KeySet,
        is_revoked: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        let genuine = issuer.verify_genuine(token, keys).map_err(|error| match error {
            VerifyError::UnknownKey { .. } => Fault::UnknownKey,
            error => Fault::Forged(error),
        })?;
        if genuine.key_id().is_some_and(is_revoked) {
            return Err(Fault::RevokedKey);
        }
        let digest = |name| genuine.get::<String>(name).and_then(|text| Digest::parse(&text));
        let (Some(at), Some(seq), Some(newest)) = (genuine.issued_at(), genuine.get("seq"), digest("digest")) else {
            return Err(Fault::Malformed("a heartbeat"));
        };
        Ok(Self { at, seq, digest: newest, base: digest("base") })
    }

    /// Who may sign statements of this issuer.
    pub(crate) fn verifier(issuer: &str) -> Verifier {
        Verifier::new(issuer, [issuer]).typ("revocations+jwt")
    }
}
