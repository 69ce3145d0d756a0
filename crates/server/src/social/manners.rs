use async_trait::async_trait;
use axum::http::HeaderMap;
use serde_json::Value;
use tokenry_domain::identity::Profile;

use super::peer::Peer;
use super::tokens::Tokens;
use super::{Back, Notice, SocialError};
use crate::config::Secret;

/// What a provider's documentation lays down once for all. The table in `docs/social.md` says where it stands.
pub(crate) struct Facts {
    /// On the button, in English and Korean.
    pub(crate) labels: [&'static str; 2],
    /// Whose people they are. Empty where the configuration says.
    pub(crate) issuer: &'static str,
    pub(crate) authorization: &'static str,
    pub(crate) token: &'static str,
    /// Where a profile is had, if it is not in the ID token.
    pub(crate) profile: Option<&'static str>,
    /// Where the keys of ID tokens and notices are.
    pub(crate) jwks: Option<&'static str>,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) between_scopes: &'static str,
    /// Whether a code is bound to this browser's secret (RFC 7636).
    pub(crate) has_pkce: bool,
    pub(crate) has_id_token: bool,
    pub(crate) posts_back: bool,
    /// Whether the token endpoint wants to see `state` again.
    pub(crate) resends_state: bool,
    /// Whether it is believed about addresses unless the configuration says otherwise.
    pub(crate) trusts_email: bool,
}

/// What one provider does in a way of its own.
#[async_trait]
pub(super) trait Manners: Send + Sync {
    fn facts(&self) -> &'static Facts;

    /// What the application shows the token endpoint.
    fn secret(&self, at: &Peer, _now: i64) -> Result<Option<Secret>, SocialError> {
        Ok(at.client_secret.clone())
    }

    /// Whether a refusal of the token endpoint is about the code (RFC 6749 section 5.2), rather than this application.
    fn refuses_code(&self, answer: &Value) -> bool {
        answer["error"] == "invalid_grant"
    }

    /// Who the tokens are of. Whether `email_verified` is believed is decided elsewhere.
    async fn profile(&self, at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Profile, SocialError>;

    /// What a notice says, if it shows that the provider sent it.
    async fn notice(
        &self,
        _at: &Peer,
        _headers: &HeaderMap,
        _body: &[u8],
        _now: i64,
    ) -> Result<Vec<Notice>, SocialError> {
        Err(SocialError::Notice("the provider sends none"))
    }
}

impl Facts {
    /// What most have: an ID token in answer to a code that is bound to the browser.
    pub(super) const OPENID: Self = Self {
        labels: ["", ""],
        issuer: "",
        authorization: "",
        token: "",
        profile: None,
        jwks: None,
        scopes: &["openid", "email", "profile"],
        between_scopes: " ",
        has_pkce: true,
        has_id_token: true,
        posts_back: false,
        resends_state: false,
        trusts_email: true,
    };
}
