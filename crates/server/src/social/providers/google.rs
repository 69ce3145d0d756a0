use async_trait::async_trait;
use tokenry_domain::identity::Profile;

use crate::social::id_token::{claims, profile, verified};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, SocialError};

pub(super) struct Google;

#[async_trait]
impl Manners for Google {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Profile, SocialError> {
        let genuine = verified(at, tokens, back).await?;
        let claims = claims(&genuine)?;
        let mut profile = profile(at, genuine.subject().unwrap_or_default(), &claims);
        // Of an address that is not its own, Google knows only that it was someone's once.
        let is_googles = profile.email.as_ref().is_some_and(|email| email.key().ends_with("@gmail.com"));
        profile.email_verified &= is_googles || claims["hd"].is_string();
        Ok(profile)
    }
}

const FACTS: Facts = Facts {
    labels: ["Google", "구글"],
    issuer: "https://accounts.google.com",
    authorization: "https://accounts.google.com/o/oauth2/v2/auth",
    token: "https://oauth2.googleapis.com/token",
    jwks: Some("https://www.googleapis.com/oauth2/v3/certs"),
    ..Facts::OPENID
};
