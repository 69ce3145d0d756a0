use async_trait::async_trait;
use serde_json::Value;
use tokenry_domain::identity::Profile;
use url::Url;

use crate::social::id_token::{email, text};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, SocialError};

pub(super) struct Github;

#[async_trait]
impl Manners for Github {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn refuses_code(&self, answer: &Value) -> bool {
        answer["error"] == "bad_verification_code"
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, _: &Back<'_>) -> Result<Profile, SocialError> {
        let ask = |url: &Url| at.client.get(url).bearer_auth(tokens.access_token.expose()).header(VERSION.0, VERSION.1);
        let user = at.profile_endpoint().await?;
        let (_, person) = at.client.ask(ask(user)).await?;
        // A number, which stays when the login is given to someone else.
        let subject = person["id"].as_u64().ok_or_else(|| SocialError::BadAnswer("there is no profile".to_owned()))?;
        let mut emails = user.clone();
        emails.set_path(&format!("{}/emails", user.path().trim_end_matches('/')));
        let emails = at.client.list(ask(&emails)).await?;
        let primary = emails.iter().find(|one| one["primary"] == true).unwrap_or(&Value::Null);
        Ok(Profile {
            issuer: at.issuer.clone(),
            subject: subject.to_string(),
            email: email(&primary["email"]),
            email_verified: primary["verified"] == true,
            name: text(&person["name"]).or_else(|| text(&person["login"])),
        })
    }
}

const VERSION: (&str, &str) = ("X-GitHub-Api-Version", "2022-11-28");
const FACTS: Facts = Facts {
    labels: ["GitHub", "깃허브"],
    issuer: "https://github.com/login/oauth",
    authorization: "https://github.com/login/oauth/authorize",
    token: "https://github.com/login/oauth/access_token",
    profile: Some("https://api.github.com/user"),
    scopes: &["read:user", "user:email"],
    has_id_token: false,
    ..Facts::OPENID
};
