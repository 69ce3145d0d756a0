use serde::Serialize;

use super::Authority;
use crate::error::Error;
use crate::revocation::FeedDigest;

/// `typ` of a [signed place](Authority::sign_place) of the revocation feed.
pub const FEED: &str = "revocations+jwt";

#[derive(Serialize)]
struct Place<'a> {
    iss: &'a str,
    iat: i64,
    seq: u64,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<String>,
}

impl Authority {
    /// States, signed and dated, that the feed has come to `seq` with this digest. With `base`, also that the entries
    /// that follow `base` are all that may still be needed.
    pub fn sign_place(&self, seq: u64, digest: FeedDigest, base: Option<FeedDigest>) -> Result<String, Error> {
        let place = Place {
            iss: &self.settings.issuer,
            iat: self.now().seconds(),
            seq,
            digest: digest.text(),
            base: base.map(|base| base.text()),
        };
        Ok(self.keys().access().sign(FEED, &place)?)
    }
}
