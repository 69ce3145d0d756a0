use url::Url;

use super::client::address;
use super::manners::Facts;
use crate::config::{ConfigError, Secret, Social, bad, is_loopback};

/// A provider as this application is registered with it.
pub(crate) struct Registration {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) label_korean: String,
    /// Whose people they are: pinned here, never taken from an answer.
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: Option<Secret>,
    pub(super) scopes: Vec<String>,
    pub(super) trusts_email: bool,
    pub(super) apple: Option<AppleKey>,
    pub(super) admin_key: Option<Secret>,
    /// What the documentation or the configuration says. If they say nothing, the issuer is asked.
    pub(super) endpoints: Option<Endpoints>,
    /// Whether the provider is on this machine.
    pub(super) is_local: bool,
}

/// Where a provider does what.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) profile: Option<Url>,
    pub(super) jwks: Option<Url>,
    /// Whether the secret goes into the header rather than the form (RFC 6749 section 2.3.1).
    pub(super) is_basic: bool,
}

/// What Apple's client secrets are signed with.
pub(super) struct AppleKey {
    pub(super) team: String,
    pub(super) key: tokenry_jwt::SigningKey,
}

impl Registration {
    pub(super) fn new(name: &str, social: &Social, facts: &'static Facts) -> Result<Self, ConfigError> {
        let key = |key: &str| format!("social.{name}.{key}");
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name == "link" || name.is_empty() || name.len() > 32 || !name.chars().all(is_name) {
            return Err(bad(&format!("social.{name}"), "a name is 1 to 32 of a-z, 0-9, - and _, and not `link`"));
        }
        let is_generic = facts.issuer.is_empty();
        let issuer = match (&social.issuer, is_generic) {
            (Some(_), false) => return Err(bad(&key("issuer"), format!("is {} always", facts.issuer))),
            (None, false) => facts.issuer.to_owned(),
            (None, true) => {
                return Err(bad(&key("issuer"), "is needed: a provider of another name is found by its issuer"));
            }
            (Some(issuer), true) => {
                let url = address(issuer).filter(|url| url.query().is_none());
                url.ok_or_else(|| bad(&key("issuer"), "takes an https URL, or an http one on loopback"))?;
                issuer.clone()
            }
        };
        let client_id = social.client_id.clone().filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| bad(&key("client_id"), "is needed"))?;
        let apple = AppleKey::read(social, facts.posts_back, &key)?;
        if social.client_secret.is_none() && !is_generic && apple.is_none() {
            return Err(bad(&key("client_secret"), "is needed"));
        }
        let over = |given: &Option<String>, name: &str, known: Option<&str>| {
            let Some(text) = given.as_deref().or(known) else { return Ok(None) };
            let url = address(text);
            url.map(Some).ok_or_else(|| bad(&key(name), "takes an https URL, or an http one on loopback"))
        };
        let known = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let authorization = over(&social.authorization_endpoint, "authorization_endpoint", known(facts.authorization))?;
        let token = over(&social.token_endpoint, "token_endpoint", known(facts.token))?;
        let profile = over(&social.profile_endpoint, "profile_endpoint", facts.profile)?;
        let jwks = over(&social.jwks_uri, "jwks_uri", facts.jwks)?;
        let is_local =
            token.as_ref().map_or_else(|| address(&issuer).is_some_and(|url| is_loopback(&url)), is_loopback);
        let endpoints = match (authorization, token) {
            (Some(authorization), Some(token)) => {
                Some(Endpoints { authorization, token, profile, jwks, is_basic: false })
            }
            (None, None) => None,
            (None, Some(_)) => return Err(bad(&key("authorization_endpoint"), "is needed beside token_endpoint")),
            (Some(_), None) => return Err(bad(&key("token_endpoint"), "is needed beside authorization_endpoint")),
        };
        let [english, korean] = facts.labels.map(|label| if label.is_empty() { name } else { label });
        let scopes = || facts.scopes.iter().map(|&scope| scope.to_owned()).collect();
        Ok(Self {
            name: name.to_owned(),
            label: social.label.clone().unwrap_or_else(|| english.to_owned()),
            label_korean: social.label.clone().unwrap_or_else(|| korean.to_owned()),
            issuer,
            client_id,
            client_secret: social.client_secret.clone(),
            scopes: social.scopes.clone().map_or_else(scopes, |list| list.0),
            trusts_email: social.trust_email.unwrap_or(facts.trusts_email),
            apple,
            admin_key: social.admin_key.clone(),
            endpoints,
            is_local,
        })
    }
}

impl AppleKey {
    fn read(social: &Social, is_apple: bool, key: &dyn Fn(&str) -> String) -> Result<Option<Self>, ConfigError> {
        let given = [
            ("team_id", social.team_id.is_some()),
            ("key_id", social.key_id.is_some()),
            ("private_key", social.private_key.is_some()),
        ];
        if !is_apple {
            let other = given.iter().find(|(_, is_given)| *is_given);
            return other.map_or(Ok(None), |(name, _)| Err(bad(&key(name), "is Apple's alone")));
        }
        if social.client_secret.is_some() {
            return Err(bad(&key("client_secret"), "is made of private_key, key_id and team_id"));
        }
        let (Some(team), Some(id), Some(secret)) = (&social.team_id, &social.key_id, &social.private_key) else {
            let missing = given.iter().find(|(_, is_given)| !is_given).map_or("team_id", |(name, _)| name);
            return Err(bad(&key(missing), "is needed"));
        };
        let text = match secret.expose().strip_prefix("file:") {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                Secret::from(text.map_err(|error| bad(&key("private_key"), format!("{path}: {error}")))?)
            }
            None => secret.clone(),
        };
        let signing = tokenry_jwt::SigningKey::from_pem(tokenry_jwt::Algorithm::Es256, text.expose());
        let signing = signing.map_err(|error| bad(&key("private_key"), format!("is no P-256 key in PEM: {error}")))?;
        Ok(Some(Self { team: team.clone(), key: signing.with_key_id(id.as_str()) }))
    }
}
