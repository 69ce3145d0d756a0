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

    pub(crate) fn is_issuer(&self, _issuer: &str) -> bool {
        true
    }

    /// Where the person is sent.
    pub(crate) async fn authorization_url(&self, _ask: Ask<'_>) -> Result<Url, SocialError> {
        Err(SocialError::Slow)
    }

    /// Who came back.
    pub(crate) async fn profile(&self, _back: Back<'_>) -> Result<Profile, SocialError> {
        Err(SocialError::Slow)
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
