use async_trait::async_trait;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokenry_domain::identity::Profile;

use crate::config::Secret;
use crate::social::id_token::{claims, is_for, profile, text, verified};
use crate::social::keys::ShownBy;
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, Notice, NoticeKind, SocialError};

pub(super) struct Apple;

#[async_trait]
impl Manners for Apple {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// A token signed by the team's key, made for each request.
    fn secret(&self, at: &Peer, now: i64) -> Result<Option<Secret>, SocialError> {
        let Some(apple) = &at.apple else { return Ok(None) };
        let claims = json!({
            "iss": apple.team, "iat": now, "exp": now + 300, "aud": at.issuer, "sub": at.client_id
        });
        let signed = apple.key.sign("JWT", &claims);
        signed.map(|token| Some(token.into())).map_err(|error| SocialError::ClientRefused(error.to_string()))
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Profile, SocialError> {
        let genuine = verified(at, tokens, back).await?;
        let claims = claims(&genuine)?;
        let mut profile = profile(at, genuine.subject().unwrap_or_default(), &claims);
        profile.email_verified |= claims["email_verified"] == "true";
        // Not signed: good for a name to greet with, never for an address.
        let user: Value = back.user.and_then(|user| serde_json::from_str(user).ok()).unwrap_or_default();
        let name = ["firstName", "lastName"].iter().filter_map(|part| text(&user["name"][part]));
        profile.name = Some(name.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
        Ok(profile)
    }

    async fn notice(&self, at: &Peer, _: &HeaderMap, body: &[u8], now: i64) -> Result<Vec<Notice>, SocialError> {
        const NONE: SocialError = SocialError::Notice("it is no signed event");
        let notice: Value = serde_json::from_slice(body).map_err(|_| NONE)?;
        let payload = notice["payload"].as_str().ok_or(NONE)?;
        let genuine = at.keys.genuine(at, payload, ShownBy::Anyone, now).await?;
        is_for(at, &genuine, now)?;
        // A text that is JSON itself.
        let event = claims(&genuine)?["events"].as_str().map(serde_json::from_str::<Value>);
        let event = event.and_then(Result::ok).ok_or(NONE)?;
        let subject = text(&event["sub"]).ok_or(NONE)?;
        let what = match event["type"].as_str().unwrap_or_default() {
            "consent-revoked" => NoticeKind::Withdrawn,
            "account-delete" | "account-deleted" => NoticeKind::Deleted,
            _ => return Ok(Vec::new()),
        };
        Ok(vec![Notice { issuer: at.issuer.clone(), subject, what }])
    }
}

const FACTS: Facts = Facts {
    labels: ["Apple", "Apple"],
    issuer: "https://appleid.apple.com",
    authorization: "https://appleid.apple.com/auth/authorize",
    token: "https://appleid.apple.com/auth/token",
    jwks: Some("https://appleid.apple.com/auth/keys"),
    scopes: &["name", "email"],
    has_pkce: false,
    // It insists when it is asked for a name or an address.
    posts_back: true,
    ..Facts::OPENID
};
