use async_trait::async_trait;
use serde_json::Value;
use tokenry_domain::identity::Profile;

use crate::social::id_token::{email, text};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, SocialError};

pub(super) struct Naver;

#[async_trait]
impl Manners for Naver {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// Naver calls any refusal `invalid_request` and says the rest in words.
    fn refuses_code(&self, answer: &Value) -> bool {
        answer["error_description"].as_str().is_some_and(|words| words.contains("no valid data in session"))
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, _: &Back<'_>) -> Result<Profile, SocialError> {
        let request = at.client.get(at.profile_endpoint().await?).bearer_auth(tokens.access_token.expose());
        let (_, answer) = at.client.ask(request).await?;
        let person = &answer["response"];
        let (true, Some(subject)) = (answer["resultcode"] == "00", text(&person["id"])) else {
            return Err(SocialError::BadAnswer("there is no profile".to_owned()));
        };
        Ok(Profile {
            issuer: at.issuer.clone(),
            subject,
            email: email(&person["email"]),
            // A contact address, which Naver does not say that it has checked: `trust_email` decides.
            email_verified: true,
            name: text(&person["name"]).or_else(|| text(&person["nickname"])),
        })
    }
}

const FACTS: Facts = Facts {
    labels: ["Naver", "네이버"],
    issuer: "https://nid.naver.com",
    authorization: "https://nid.naver.com/oauth2.0/authorize",
    token: "https://nid.naver.com/oauth2.0/token",
    profile: Some("https://openapi.naver.com/v1/nid/me"),
    // What is given stands in the application's settings.
    scopes: &[],
    has_pkce: false,
    has_id_token: false,
    resends_state: true,
    trusts_email: false,
    ..Facts::OPENID
};
