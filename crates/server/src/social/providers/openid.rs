use async_trait::async_trait;
use axum::http::StatusCode;
use tokenry_domain::identity::Profile;

use crate::social::id_token::{claims, profile, verified};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, SocialError};

/// Any provider of OpenID Connect, found by its issuer.
pub(super) struct OpenId;

#[async_trait]
impl Manners for OpenId {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Profile, SocialError> {
        let genuine = verified(at, tokens, back).await?;
        let mut claims = claims(&genuine)?;
        let subject = genuine.subject().unwrap_or_default();
        let userinfo = at.endpoints().await?.profile.as_ref();
        // Many keep the address out of the ID token (OpenID Connect Core section 5.4).
        if let Some(url) = userinfo.filter(|_| claims["email"].is_null()) {
            let request = at.client.get(url).bearer_auth(tokens.access_token.expose());
            let (status, answer) = at.client.ask(request).await?;
            // Section 5.3.2: without this one person's address could become another's.
            if status != StatusCode::OK || answer["sub"] != subject {
                return Err(SocialError::Token("its userinfo is not of the same person".to_owned()));
            }
            claims = answer;
        }
        Ok(profile(at, subject, &claims))
    }
}

/// What an unknown provider says of addresses is not believed unless its operator is known to check them.
const FACTS: Facts = Facts { trusts_email: false, ..Facts::OPENID };
