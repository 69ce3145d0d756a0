use crate::account::{Attributes, MAX_ATTRIBUTES_BYTES, MAX_ROLES, Status, User, is_role};
use crate::error::{Error, Taken};
use crate::id::UserId;
use crate::name::{Email, Username};
use crate::password::{Password, PasswordHash};
use crate::time::Timestamp;

use super::Authority;

/// An account to make.
#[derive(Default)]
pub struct NewAccount {
    /// The username; this or `email` must be present.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The password; an account without one can't log in by password.
    pub password: Option<Password>,
    /// Roles.
    pub roles: Vec<String>,
    /// Attributes.
    pub attributes: Attributes,
}

/// The names of an account, parsed.
pub(super) struct Names {
    pub username: Option<Username>,
    pub email: Option<Email>,
}

impl Names {
    pub(super) fn parse(username: Option<&str>, email: Option<&str>) -> Result<Self, Error> {
        let names = Self {
            username: username.map(Username::parse).transpose().map_err(Error::name("/username"))?,
            email: email.map(Email::parse).transpose().map_err(Error::name("/email"))?,
        };
        if names.username.is_none() && names.email.is_none() {
            return Err(Error::missing("/username", "a username or an email is needed"));
        }
        Ok(names)
    }
}

impl Authority {
    /// Checks and hashes what a new account needs, in the order of cost.
    pub(super) async fn new_user(&self, new: NewAccount, now: Timestamp) -> Result<User, Error> {
        let names = Names::parse(new.username.as_deref(), new.email.as_deref())?;
        check_roles(&new.roles)?;
        check_attributes(&new.attributes)?;
        if let Some(password) = &new.password {
            self.check_password("/password", password, names.username.as_ref(), names.email.as_ref())?;
        }
        // Told before the costly hash; the commit decides.
        if let Some(username) = &names.username
            && self.store.user_by_username(username).await?.is_some()
        {
            return Err(Error::AccountExists(Taken::Username));
        }
        if let Some(email) = &names.email
            && self.store.user_by_email(email).await?.is_some()
        {
            return Err(Error::AccountExists(Taken::Email));
        }
        let password = match new.password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        self.user_with(names, password, new.roles, new.attributes, now)
    }

    pub(super) fn user_with(
        &self,
        names: Names,
        password: Option<PasswordHash>,
        roles: Vec<String>,
        attributes: Attributes,
        now: Timestamp,
    ) -> Result<User, Error> {
        Ok(User {
            id: UserId::generate(&*self.random)?,
            username: names.username,
            email: names.email,
            email_verified: false,
            password,
            roles: roles.into_iter().collect(),
            attributes,
            status: Status::Active,
            created_at: now,
            updated_at: now,
            version: 0,
        })
    }

    pub(super) fn check_password(
        &self,
        pointer: &str,
        password: &Password,
        username: Option<&Username>,
        email: Option<&Email>,
    ) -> Result<(), Error> {
        if password.as_typed().is_empty() {
            return Err(Error::missing(pointer, "is empty"));
        }
        let inputs: Vec<&str> = username.map(Username::display).into_iter().chain(email.map(Email::display)).collect();
        self.settings.password.check(password, &inputs).map_err(Error::WeakPassword)
    }
}

pub(super) fn check_roles(roles: &[String]) -> Result<(), Error> {
    if roles.len() > MAX_ROLES {
        return Err(Error::invalid("/roles", format!("at most {MAX_ROLES}")));
    }
    for (index, role) in roles.iter().enumerate() {
        if !is_role(role) {
            let detail = "1 to 128 bytes without white space, commas or control characters";
            return Err(Error::invalid(&format!("/roles/{index}"), detail));
        }
    }
    Ok(())
}

pub(super) fn check_attributes(attributes: &Attributes) -> Result<(), Error> {
    let size = serde_json::to_vec(attributes).map_or(usize::MAX, |json| json.len());
    if size > MAX_ATTRIBUTES_BYTES {
        return Err(Error::invalid("/attributes", format!("at most {MAX_ATTRIBUTES_BYTES} bytes as JSON")));
    }
    match attributes.keys().find(|name| name.is_empty() || name.len() > 128) {
        Some(_) => Err(Error::invalid("/attributes", "a name has 1 to 128 bytes")),
        None => Ok(()),
    }
}
