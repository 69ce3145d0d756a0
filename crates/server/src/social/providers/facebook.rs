use async_trait::async_trait;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use axum::http::HeaderMap;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use tokenry_domain::identity::Profile;
use url::form_urlencoded;

use crate::social::id_token::{email, text};
use crate::social::manners::{Facts, Manners};
use crate::social::peer::Peer;
use crate::social::tokens::Tokens;
use crate::social::{Back, Notice, NoticeKind, SocialError};

pub(super) struct Facebook;

#[async_trait]
impl Manners for Facebook {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// A code that has expired, or was used before.
    fn refuses_code(&self, answer: &Value) -> bool {
        [36007, 36009].iter().any(|code| answer["error"]["error_subcode"] == *code)
    }

    async fn profile(&self, at: &Peer, tokens: &Tokens, _: &Back<'_>) -> Result<Profile, SocialError> {
        let mut url = at.profile_endpoint().await?.clone();
        // A token that was stolen from elsewhere is worth nothing without the application's secret.
        let proof = sign(&key(at), tokens.access_token.expose().as_bytes());
        let proof: String = proof.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        url.query_pairs_mut().append_pair("fields", "id,name,email").append_pair("appsecret_proof", &proof);
        let request = at.client.get(&url).bearer_auth(tokens.access_token.expose());
        let (_, person) = at.client.ask(request).await?;
        let subject = text(&person["id"]).ok_or_else(|| SocialError::BadAnswer("there is no profile".to_owned()))?;
        let (email, name) = (email(&person["email"]), text(&person["name"]));
        // Facebook does not say whether it has checked the address: `trust_email` decides.
        Ok(Profile { issuer: at.issuer.clone(), subject, email, email_verified: true, name })
    }

    async fn notice(&self, at: &Peer, _: &HeaderMap, body: &[u8], now: i64) -> Result<Vec<Notice>, SocialError> {
        const UNSIGNED: SocialError = SocialError::Notice("its signed_request is not Facebook's");
        let request = form_urlencoded::parse(body).find(|(name, _)| name == "signed_request").ok_or(UNSIGNED)?.1;
        let (signature, payload) = request.split_once('.').ok_or(UNSIGNED)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| UNSIGNED)?;
        verify(&key(at), payload.as_bytes(), &signature).map_err(|_| UNSIGNED)?;
        let said = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| UNSIGNED)?;
        let said: Value = serde_json::from_slice(&said).map_err(|_| UNSIGNED)?;
        if said["issued_at"].as_i64().is_none_or(|issued| now.abs_diff(issued) > MOST_AGE) {
            return Err(SocialError::Notice("it is old"));
        }
        let subject = text(&said["user_id"]).ok_or(SocialError::Notice("it names no one"))?;
        Ok(vec![Notice { issuer: at.issuer.clone(), subject, what: NoticeKind::Withdrawn }])
    }
}

fn key(at: &Peer) -> Key {
    Key::new(HMAC_SHA256, at.client_secret.as_ref().map(|secret| secret.expose()).unwrap_or_default().as_bytes())
}

/// How old a notice may be, in seconds.
const MOST_AGE: u64 = 3600;
const FACTS: Facts = Facts {
    labels: ["Facebook", "페이스북"],
    issuer: "https://www.facebook.com",
    authorization: "https://www.facebook.com/v24.0/dialog/oauth",
    token: "https://graph.facebook.com/v24.0/oauth/access_token",
    profile: Some("https://graph.facebook.com/v24.0/me"),
    scopes: &["public_profile", "email"],
    between_scopes: ",",
    has_pkce: false,
    has_id_token: false,
    trusts_email: false,
    ..Facts::OPENID
};
