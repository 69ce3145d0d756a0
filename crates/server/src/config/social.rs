use serde::{Deserialize, Serialize};

use super::{List, Secret};

/// `[social.NAME]`: an identity provider that people may log in with.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Social {
    /// What the provider calls this application.
    pub client_id: Option<String>,
    /// What the application shows the provider.
    pub client_secret: Option<Secret>,
    /// The provider's issuer. Needed where NAME is none of those that are known.
    pub issuer: Option<String>,
    /// What people read on the button.
    pub label: Option<String>,
    /// What the provider is asked for, beyond what is always needed.
    pub scopes: Option<List>,
    /// Whether it is believed that people read mail at the addresses of which the provider says so.
    pub trust_email: Option<bool>,
    /// Apple: the team.
    pub team_id: Option<String>,
    /// Apple: the name of the team's key.
    pub key_id: Option<String>,
    /// Apple: the team's key in PEM, or `file:PATH`.
    pub private_key: Option<Secret>,
    /// Kakao: what its notices show.
    pub admin_key: Option<Secret>,
    /// Where people log in, if not where the provider's documentation says.
    pub authorization_endpoint: Option<String>,
    /// Where a code becomes tokens.
    pub token_endpoint: Option<String>,
    /// Where the profile is.
    pub profile_endpoint: Option<String>,
    /// Where the provider's keys are.
    pub jwks_uri: Option<String>,
}
