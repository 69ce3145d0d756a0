//! Bearer credentials (RFC 6750 section 2.1): one `Authorization` header, never a query parameter.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use subtle::ConstantTimeEq;
use tokenry_domain::authority::Caller;

use super::problem::ApiError;
use super::{client, cookie};
use crate::App;
use crate::config::{Secret, is_token};

/// A caller whose access token verified, or whose cookie is known, and whose session is live.
pub(crate) struct LoggedIn(pub Caller);

/// A caller who may be logged in, on a call that asks for something else.
pub(crate) struct Perhaps(pub Option<Caller>);

/// A caller who holds the token of `[admin]`.
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        // A token was put there on purpose; a cookie comes along by itself.
        if let Some(token) = bearer(&parts.headers)? {
            return Ok(Self(app.authority.authenticate(token).await?));
        }
        let cookie =
            cookie::read(app, &parts.method, &parts.uri, &parts.headers)?.ok_or_else(ApiError::token_missing)?;
        let client::Caller(context) = client::Caller::from_request_parts(parts, app).await?;
        Ok(Self(app.authority.authenticate_cookie(&cookie, &context).await?))
    }
}

impl FromRequestParts<Arc<App>> for Perhaps {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let has_bearer = bearer(&parts.headers)?.is_some();
        match LoggedIn::from_request_parts(parts, app).await {
            Ok(LoggedIn(caller)) => Ok(Self(Some(caller))),
            // Whoever can't be told from a stranger for the moment is not taken for one.
            Err(error) if has_bearer || error.status().is_server_error() => Err(error),
            // A cookie that is of no use was not sent on purpose.
            Err(_) => Ok(Self(None)),
        }
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Some(expected) = &app.config.admin.token else {
            return Err(ApiError::forbidden("the admin calls are off: set admin.token"));
        };
        let token = bearer(&parts.headers)?.ok_or_else(ApiError::token_missing)?;
        match is_secret(token, expected) {
            true => Ok(Self),
            false => Err(ApiError::token_invalid("not the admin token")),
        }
    }
}

/// The token of the `Authorization` header, if there is a header.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::token_invalid("more than one Authorization header"));
    }
    let text = value.to_str().map_err(|_| ApiError::token_invalid("the Authorization header is not ASCII"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && is_token(token.trim_matches(' ')) => {
            Ok(Some(token.trim_matches(' ')))
        }
        _ => Err(ApiError::token_invalid("the Authorization header is not: Bearer TOKEN")),
    }
}

/// Whether a presented secret is the configured one, in time that does not depend on where they differ.
pub(crate) fn is_secret(presented: &str, configured: &Secret) -> bool {
    presented.as_bytes().ct_eq(configured.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn one_header_with_one_token() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["Bearer abc"]).unwrap().as_deref(), Some("abc"));
        assert_eq!(read(&["bEARER  abc "]).unwrap().as_deref(), Some("abc"));
        for bad in [&["Bearer"][..], &["Bearer "], &["Basic abc"], &["Bearer a b"], &["Bearer a", "Bearer a"]] {
            read(bad).unwrap_err();
        }
        read(&["Bearer \u{e9}"]).unwrap_err();
    }
}
