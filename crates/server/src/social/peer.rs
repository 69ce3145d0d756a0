use std::ops::Deref;

use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::SocialError;
use super::client::{Client, address};
use super::keys::Keys;
use super::registration::{Endpoints, Registration};

/// A provider that can be asked: what is registered with it, and what it has said so far.
pub(crate) struct Peer {
    registration: Registration,
    pub(super) client: Client,
    pub(super) keys: Keys,
    /// What the issuer says where nothing else does.
    discovered: OnceCell<Endpoints>,
}

impl Peer {
    pub(super) fn new(registration: Registration, client: Client) -> Self {
        Self { registration, client, keys: Keys::default(), discovered: OnceCell::new() }
    }

    /// Where things are; the issuer is asked once (OpenID Connect Discovery section 4).
    pub(super) async fn endpoints(&self) -> Result<&Endpoints, SocialError> {
        match &self.registration.endpoints {
            Some(endpoints) => Ok(endpoints),
            None => self.discovered.get_or_try_init(|| self.discover()).await,
        }
    }

    /// Where a profile is had.
    pub(super) async fn profile_endpoint(&self) -> Result<&Url, SocialError> {
        let profile = self.endpoints().await?.profile.as_ref();
        profile.ok_or_else(|| SocialError::BadAnswer("it has no profile".to_owned()))
    }

    async fn discover(&self) -> Result<Endpoints, SocialError> {
        let bad = |what: &str| SocialError::BadAnswer(format!("its metadata {what}"));
        let at = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let at = address(&at).ok_or_else(|| bad("is nowhere"))?;
        let (_, metadata) = self.client.ask(self.client.get(&at)).await?;
        // Section 4.3: or one issuer could speak for another.
        if metadata["issuer"] != *self.issuer {
            return Err(bad("is that of another issuer"));
        }
        let url = |name: &str| match &metadata[name] {
            Value::String(text) => address(text).map(Some).ok_or_else(|| bad("has an address that is not https")),
            _ => Ok(None),
        };
        let methods = metadata["token_endpoint_auth_methods_supported"].as_array();
        Ok(Endpoints {
            authorization: url("authorization_endpoint")?.ok_or_else(|| bad("has no authorization_endpoint"))?,
            token: url("token_endpoint")?.ok_or_else(|| bad("has no token_endpoint"))?,
            profile: url("userinfo_endpoint")?,
            jwks: url("jwks_uri")?,
            is_basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
        })
    }
}

impl Deref for Peer {
    type Target = Registration;

    fn deref(&self) -> &Registration {
        &self.registration
    }
}
