use serde_json::Value;
use tokenry_domain::identity::Profile;
use tokenry_domain::name::Email;
use tokenry_jwt::Genuine;

use super::keys::ShownBy;
use super::peer::Peer;
use super::tokens::Tokens;
use super::{Back, SocialError};

/// Who a token endpoint's ID token is of, verified (OpenID Connect Core section 3.1.3.7).
pub(super) async fn verified(at: &Peer, tokens: &Tokens, back: &Back<'_>) -> Result<Genuine, SocialError> {
    let token = tokens.id_token.as_ref();
    let token =
        token.ok_or_else(|| SocialError::BadAnswer("there is no ID token: is OpenID Connect on?".to_owned()))?;
    let genuine = at.keys.genuine(at, token.expose(), ShownBy::Provider, back.now).await?;
    is_for(at, &genuine, back.now)?;
    let wrong = |what: &str| SocialError::Token(what.to_owned());
    let authorized = genuine.get::<String>("azp");
    let is_shared = genuine.audiences().nth(1).is_some();
    if authorized.as_ref().map_or(is_shared, |party| *party != at.client_id) {
        return Err(wrong("it was made for another application"));
    }
    if genuine.get::<String>("nonce").as_deref() != Some(back.nonce) {
        return Err(wrong("its nonce is not the one that was sent"));
    }
    if genuine.subject().is_none_or(str::is_empty) {
        return Err(wrong("it says of no one"));
    }
    Ok(genuine)
}

/// Whether a token is for this application, now.
pub(super) fn is_for(at: &Peer, genuine: &Genuine, now: i64) -> Result<(), SocialError> {
    let wrong = |what: &str| Err(SocialError::Token(what.to_owned()));
    if !genuine.has_audience(&at.client_id) {
        return wrong("it is for another application");
    }
    match (genuine.expires_at(), genuine.issued_at()) {
        (None, _) => wrong("it does not expire"),
        (Some(expires), _) if now >= expires.saturating_add(LEEWAY) => wrong("it has expired"),
        (_, Some(issued)) if issued > now.saturating_add(LEEWAY) => wrong("it was issued in the future"),
        _ => Ok(()),
    }
}

/// What claims of OpenID Connect Core section 5.1 say of someone.
pub(super) fn profile(at: &Peer, subject: &str, claims: &Value) -> Profile {
    Profile {
        issuer: at.issuer.clone(),
        subject: subject.to_owned(),
        email: email(&claims["email"]),
        // Only what is `true`: a text that says so is no yes.
        email_verified: claims["email_verified"] == true,
        name: text(&claims["name"]),
    }
}

pub(super) fn claims(genuine: &Genuine) -> Result<Value, SocialError> {
    genuine.to().map_err(|error| SocialError::Token(error.to_string()))
}

pub(super) fn email(value: &Value) -> Option<Email> {
    value.as_str().and_then(|text| Email::parse(text).ok())
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// How far a provider's clock may be off, in seconds.
const LEEWAY: i64 = 60;
