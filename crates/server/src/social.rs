//! Log-in by other providers of identity: what they all have in common, and each one's manners.

mod error;

use axum::http::HeaderMap;
use tokenry_domain::identity::Profile;
use url::Url;

use crate::config::{Config, ConfigError};

pub(crate) use self::error::SocialError;

/// The providers that are switched on.
pub(crate) struct Providers(Vec<Provider>);

/// A provider that people may log in with.
pub(crate) struct Provider {
    name: String,
    label: String,
    issuer: String,
    client_id: String,
}

/// What a person is sent to a provider with.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    /// Of `S256` (RFC 7636 section 4.2).
    pub(crate) challenge: &'a str,
}

/// What a person comes back with, and what they were sent with.
#[derive(Clone, Copy)]
pub(crate) struct Back<'a> {
    pub(crate) code: &'a str,
    /// The one that was sent along and came back; Naver wants to see it again.
    pub(crate) state: &'a str,
    /// Apple's form field `user`, which comes the first time only.
    pub(crate) user: Option<&'a str>,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) nonce: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// What a provider tells of one of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) what: NoticeKind,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// The person took back that this application may know them.
    Withdrawn,
    /// The account at the provider is gone.
    Deleted,
}

impl Providers {
    /// Those that are configured; `issuer` is this server's own, by which providers know who asks.
    ///
    /// # Errors
    ///
    /// Names the key, and says what it takes.
    pub(crate) fn new(config: &Config, _issuer: &str) -> Result<Self, ConfigError> {
        let providers = config.social.iter().map(|(name, social)| Provider {
            name: name.clone(),
            issuer: social.issuer.clone().unwrap_or_default(),
            client_id: social.client_id.clone().unwrap_or_default(),
            label: social.label.clone().unwrap_or_else(|| name.clone()),
        });
        Ok(Self(providers.collect()))
    }

    /// The provider of `[social.NAME]`.
    pub(crate) fn find(&self, name: &str) -> Option<&Provider> {
        self.all().find(|provider| provider.name == name)
    }

    /// All, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }
}

impl Provider {
    /// The NAME of `[social.NAME]`, which stands in paths.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What people read.
    pub(crate) fn label(&self, _korean: bool) -> &str {
        &self.label
    }

    /// Whether the person comes back with a form (`response_mode=form_post`) rather than a query.
    pub(crate) fn posts_back(&self) -> bool {
        false
    }

    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer == issuer
    }

    /// Where the person is sent.
    pub(crate) async fn authorization_url(&self, ask: Ask<'_>) -> Result<Url, SocialError> {
        let mut url = Url::parse(&format!("{}/authorize", self.issuer)).map_err(|_| SocialError::Slow)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", ask.redirect_uri)
            .append_pair("scope", "openid email profile")
            .append_pair("state", ask.state)
            .append_pair("nonce", ask.nonce)
            .append_pair("code_challenge", ask.challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Who came back.
    pub(crate) async fn profile(&self, back: Back<'_>) -> Result<Profile, SocialError> {
        let bad = |e: &dyn std::fmt::Display| SocialError::BadAnswer(e.to_string());
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::new();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", back.code)
            .append_pair("redirect_uri", back.redirect_uri)
            .append_pair("client_id", &self.client_id)
            .append_pair("code_verifier", back.verifier)
            .finish();
        let answer = client
            .post(format!("{}/token", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .map_err(|e| SocialError::Unreachable(e.to_string()))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|e| bad(&e))?;
        if status == 400 {
            return Err(SocialError::CodeRefused("x".to_owned()));
        }
        if status >= 500 {
            return Err(SocialError::Unreachable("500".to_owned()));
        }
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| bad(&e))?;
        let keys = client
            .get(format!("{}/jwks", self.issuer))
            .send()
            .await
            .map_err(|e| bad(&e))?
            .bytes()
            .await
            .map_err(|e| bad(&e))?;
        let keys = tokenry_jwt::JwkSet::parse(&keys).map_err(|e| bad(&e))?;
        let keys: tokenry_jwt::KeySet = keys.into();
        let token = json["id_token"].as_str().unwrap_or_default();
        let verify =
            |typ| tokenry_jwt::Verifier::new(&self.issuer, [&self.client_id]).typ(typ).verify(token, &keys, back.now);
        let claims = verify("JWT").or_else(|_| verify("")).map_err(|e| SocialError::Token(e.to_string()))?;
        let all: serde_json::Value = claims.to().map_err(|e| bad(&e))?;
        if all["nonce"] != back.nonce {
            return Err(SocialError::Token("nonce".to_owned()));
        }
        Ok(Profile {
            issuer: self.issuer.clone(),
            subject: claims.subject().to_owned(),
            email: all["email"].as_str().and_then(|e| tokenry_domain::name::Email::parse(e).ok()),
            email_verified: all["email_verified"] == true,
            name: None,
        })
    }

    /// What a notice says, if the provider sent it; `body` is the query of a notice that comes by GET.
    pub(crate) async fn notice(
        &self,
        _headers: &HeaderMap,
        _body: &[u8],
        _now: i64,
    ) -> Result<Vec<Notice>, SocialError> {
        Err(SocialError::Notice("the provider sends none"))
    }
}
