//! Log-in by other providers of identity: what they all have in common. Each one's manners stand in a file of its own.

mod client;
mod error;
mod id_token;
mod keys;
mod manners;
mod peer;
mod providers;
mod registration;
mod tokens;

use axum::http::HeaderMap;
use tokenry_domain::identity::Profile;
use url::Url;

use self::client::Client;
use self::manners::Manners;
use self::peer::Peer;
use self::registration::Registration;
use crate::config::{Config, ConfigError, Social, bad};

pub(crate) use self::error::SocialError;

/// The providers that are switched on.
pub(crate) struct Providers(Vec<Provider>);

/// A provider that people may log in with.
pub(crate) struct Provider {
    at: Peer,
    manners: Box<dyn Manners>,
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
    /// Those that are configured.
    ///
    /// # Errors
    ///
    /// Names the key, and says what it takes.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut providers = Vec::new();
        let (mut near, mut far) = (None, None);
        for (name, social) in &config.social {
            let manners = providers::known(name);
            let registration = Registration::new(name, social, manners.facts())?;
            let shared: &mut Option<reqwest::Client> = if registration.is_local { &mut near } else { &mut far };
            let http = match shared.clone() {
                Some(http) => http,
                None => Client::http(registration.is_local).map_err(|error| bad("social", error))?,
            };
            *shared = Some(http.clone());
            providers.push(Provider { at: Peer::new(registration, Client::new(http)), manners });
        }
        Ok(Self(providers))
    }

    /// The provider of `[social.NAME]`.
    pub(crate) fn find(&self, name: &str) -> Option<&Provider> {
        self.all().find(|provider| provider.name() == name)
    }

    /// All, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }
}

impl Provider {
    /// The NAME of `[social.NAME]`, which stands in paths.
    pub(crate) fn name(&self) -> &str {
        &self.at.name
    }

    /// What people read.
    pub(crate) fn label(&self, korean: bool) -> &str {
        if korean { &self.at.label_korean } else { &self.at.label }
    }

    /// Whether the person comes back with a form (`response_mode=form_post`) rather than a query.
    pub(crate) fn posts_back(&self) -> bool {
        self.manners.facts().posts_back
    }

    /// Whether the provider is the one of that issuer (RFC 9207 section 2.4).
    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        self.at.issuer == issuer
    }

    /// Where the person is sent.
    pub(crate) async fn authorization_url(&self, ask: Ask<'_>) -> Result<Url, SocialError> {
        let mut url = self.at.endpoints().await?.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.at.client_id)
            .append_pair("redirect_uri", ask.redirect_uri)
            .append_pair("state", ask.state);
        let facts = self.manners.facts();
        if !self.at.scopes.is_empty() {
            query.append_pair("scope", &self.at.scopes.join(facts.between_scopes));
        }
        if facts.has_id_token {
            query.append_pair("nonce", ask.nonce);
        }
        if facts.has_pkce {
            query.append_pair("code_challenge", ask.challenge).append_pair("code_challenge_method", "S256");
        }
        if facts.posts_back {
            query.append_pair("response_mode", "form_post");
        }
        drop(query);
        Ok(url)
    }

    /// Who came back.
    pub(crate) async fn profile(&self, back: Back<'_>) -> Result<Profile, SocialError> {
        let tokens = tokens::exchange(&self.at, &*self.manners, &back).await?;
        let mut profile = self.manners.profile(&self.at, &tokens, &back).await?;
        profile.email_verified &= self.at.trusts_email && profile.email.is_some();
        Ok(profile)
    }

    /// What a notice says, if the provider sent it; `body` is the query of a notice that comes by GET.
    pub(crate) async fn notice(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Result<Vec<Notice>, SocialError> {
        self.manners.notice(&self.at, headers, body, now).await
    }
}

/// Whether `[social.NAME]` can be used.
///
/// # Errors
///
/// Names the key, and says what it takes.
pub(crate) fn check(name: &str, social: &Social) -> Result<(), ConfigError> {
    Registration::new(name, social, providers::known(name).facts()).map(drop)
}
