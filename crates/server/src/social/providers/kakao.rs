use async_trait::async_trait;
use aws_lc_rs::constant_time;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tokenry_domain::identity::Profile;
use url::form_urlencoded;

use crate::social::id_token::{email, text, verified};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, Notice, NoticeKind, SocialError};

pub(super) struct Kakao;

#[async_trait]
impl Manners for Kakao {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Profile, SocialError> {
        let genuine = verified(at, tokens, back).await?;
        let subject = genuine.subject().unwrap_or_default().to_owned();
        // The ID token does not say whether the address was verified.
        let request = at.client.get(at.profile_endpoint().await?).bearer_auth(tokens.access_token.expose());
        let (_, answer) = at.client.ask(request).await?;
        if answer["id"].as_u64().map(|id| id.to_string()).as_ref() != Some(&subject) {
            return Err(SocialError::Token("its profile is not of the same person".to_owned()));
        }
        let account = &answer["kakao_account"];
        Ok(Profile {
            issuer: at.issuer.clone(),
            subject,
            email: email(&account["email"]),
            // Not valid: the address is another Kakao account's by now.
            email_verified: account["is_email_valid"] == true && account["is_email_verified"] == true,
            name: text(&account["profile"]["nickname"]),
        })
    }

    async fn notice(&self, at: &Peer, headers: &HeaderMap, body: &[u8], _now: i64) -> Result<Vec<Notice>, SocialError> {
        let key = at.admin_key.as_ref().ok_or(SocialError::Notice("social.kakao.admin_key is not set"))?;
        let expected = format!("KakaoAK {}", key.expose());
        let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        constant_time::verify_slices_are_equal(shown, expected.as_bytes())
            .map_err(|_| SocialError::Notice("it does not show the admin key"))?;
        let said = |name| form_urlencoded::parse(body).find(|(found, _)| found == name).map(|(_, value)| value);
        let subject = said("user_id").ok_or(SocialError::Notice("it names no one"))?.into_owned();
        let reason = said("referrer_type").unwrap_or_default();
        let what = if reason.ends_with("ACCOUNT_DELETE") { NoticeKind::Deleted } else { NoticeKind::Withdrawn };
        Ok(vec![Notice { issuer: at.issuer.clone(), subject, what }])
    }
}

const FACTS: Facts = Facts {
    labels: ["Kakao", "카카오"],
    issuer: "https://kauth.kakao.com",
    authorization: "https://kauth.kakao.com/oauth/authorize",
    token: "https://kauth.kakao.com/oauth/token",
    profile: Some("https://kapi.kakao.com/v2/user/me"),
    jwks: Some("https://kauth.kakao.com/.well-known/jwks.json"),
    // Asked for what the application's settings do not list, Kakao refuses; asked for nothing, it gives what they list.
    scopes: &[],
    between_scopes: ",",
    ..Facts::OPENID
};
