//! The application's own claims: which of them an access token carries, and where they come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokenry_jwt::claim;

use crate::account::User;

/// Public and private claims (RFC 7519 sections 4.2 and 4.3), filled from the user's record.
#[derive(Clone, Debug, Default)]
pub struct ClaimsTemplate(BTreeMap<String, Source>);

/// Where a claim's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Username,
    Email,
    EmailVerified,
    Role(String),
    Attribute(String),
}

/// A claim can't be issued as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("claim {name:?}: {detail}")]
pub struct ClaimsTemplateError {
    /// The claim's name.
    pub name: String,
    /// What is wrong, and what is taken instead.
    pub detail: String,
}

impl ClaimsTemplate {
    /// Reads the `[token.claims]` table: claim names, each with its source.
    ///
    /// A source is `username`, `email`, `email_verified`, `role:NAME` (whether the user has that role) or
    /// `attribute:NAME`. A name that RFC 7519 or Tokenry owns is refused.
    pub fn parse<'a>(table: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ClaimsTemplateError> {
        let mut template = BTreeMap::new();
        for (name, source) in table {
            let error = |detail| ClaimsTemplateError { name: name.to_owned(), detail };
            match claim::kind(name) {
                Ok(claim::Kind::Registered) => {
                    return Err(error("is registered, and Tokenry's alone to set".to_owned()));
                }
                Ok(_) => {}
                Err(reason) => return Err(error(reason.to_string())),
            }
            template.insert(name.to_owned(), Source::parse(source).map_err(error)?);
        }
        Ok(Self(template))
    }

    /// The claims of `user`. One whose source is absent is left out.
    pub fn fill(&self, user: &User) -> Map<String, Value> {
        self.0.iter().filter_map(|(name, source)| Some((name.clone(), source.value(user)?))).collect()
    }
}

impl Source {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "username" => Ok(Self::Username),
            None if text == "email" => Ok(Self::Email),
            None if text == "email_verified" => Ok(Self::EmailVerified),
            Some(("role", name)) if !name.is_empty() => Ok(Self::Role(name.to_owned())),
            Some(("attribute", name)) if !name.is_empty() => Ok(Self::Attribute(name.to_owned())),
            _ => {
                Err(format!("{text:?} is no source; use username, email, email_verified, role:NAME or attribute:NAME"))
            }
        }
    }

    fn value(&self, user: &User) -> Option<Value> {
        match self {
            Self::Username => user.username.as_ref().map(|name| name.display().into()),
            Self::Email => user.email.as_ref().map(|email| email.display().into()),
            Self::EmailVerified => user.email.as_ref().map(|_| user.email_verified.into()),
            Self::Role(role) => Some(user.roles.contains(role).into()),
            Self::Attribute(name) => user.attributes.get(name).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_names_are_refused() {
        for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "roles", "scope"] {
            assert!(ClaimsTemplate::parse([(name, "username")]).is_err(), "{name}");
        }
        assert!(ClaimsTemplate::parse([("username", "username")]).is_ok());
        assert!(ClaimsTemplate::parse([("https://localhost:8000/user/is_admin", "role:admin")]).is_ok());
    }

    #[test]
    fn an_unknown_source_is_refused() {
        for source in ["", "password", "role:", "attribute:", "sub"] {
            assert!(ClaimsTemplate::parse([("team", source)]).is_err(), "{source}");
        }
    }
}
