use axum::http::StatusCode;
use reqwest::RequestBuilder;
use serde_json::Value;
use url::form_urlencoded::{self, Serializer};

use super::client::error_of;
use super::manners::Manners;
use super::peer::Peer;
use super::registration::Endpoints;
use super::{Back, SocialError};
use crate::config::Secret;

/// What a code was exchanged for.
pub(super) struct Tokens {
    pub(super) access_token: Secret,
    pub(super) id_token: Option<Secret>,
}

/// Shows the code to the token endpoint (RFC 6749 section 4.1.3; RFC 7636 section 4.5).
pub(super) async fn exchange(at: &Peer, manners: &dyn Manners, back: &Back<'_>) -> Result<Tokens, SocialError> {
    let (status, answer) = at.client.ask(request(at, at.endpoints().await?, manners, back)?).await?;
    // Naver and GitHub refuse with a status of success.
    if let Some(error) = error_of(&answer) {
        let is_code = manners.refuses_code(&answer);
        return Err(if is_code { SocialError::CodeRefused(error) } else { SocialError::ClientRefused(error) });
    }
    if status != StatusCode::OK {
        return Err(SocialError::BadAnswer(format!("its token endpoint answered {}", status.as_u16())));
    }
    let secret = |value: &Value| value.as_str().map(|text| Secret::from(text.to_owned()));
    let access_token = secret(&answer["access_token"]);
    let access_token = access_token.ok_or_else(|| SocialError::BadAnswer("there is no access token".to_owned()))?;
    Ok(Tokens { access_token, id_token: secret(&answer["id_token"]) })
}

fn request(
    at: &Peer,
    endpoints: &Endpoints,
    manners: &dyn Manners,
    back: &Back<'_>,
) -> Result<RequestBuilder, SocialError> {
    let facts = manners.facts();
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", back.code)
        .append_pair("redirect_uri", back.redirect_uri);
    if facts.has_pkce {
        form.append_pair("code_verifier", back.verifier);
    }
    if facts.resends_state {
        form.append_pair("state", back.state);
    }
    let mut request = at.client.post(&endpoints.token);
    match manners.secret(at, back.now)? {
        Some(secret) if endpoints.is_basic => {
            // RFC 6749 section 2.3.1: each is encoded first.
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encoded(&at.client_id), Some(encoded(secret.expose())));
        }
        secret => {
            form.append_pair("client_id", &at.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.expose());
            }
        }
    }
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(form.finish()))
}
