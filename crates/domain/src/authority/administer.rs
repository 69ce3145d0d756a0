use std::collections::BTreeMap;

use serde_json::Value;

use super::accounts::{NewAccount, check_attributes, check_roles};
use super::{Authority, Context, ProfileChange, event};
use crate::account::{Status, User};
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::id::UserId;
use crate::mail::Letter;
use crate::name::{self, Identifier};
use crate::password::Password;
use crate::revocation::{Revocation, RevocationKind};
use crate::session::{End, EndReason};
use crate::store::{Sessions, UserPage, Write};
use crate::time::Timestamp;

/// What an administrator changes of an account.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Its names.
    pub names: ProfileChange,
    /// Whether its e-mail address counts as verified.
    pub email_verified: Option<bool>,
    /// A new password; all its sessions end.
    pub password: Option<Password>,
    /// All its roles.
    pub roles: Option<Vec<String>>,
    /// Roles to add.
    pub add_roles: Vec<String>,
    /// Roles to take away.
    pub remove_roles: Vec<String>,
    /// Attributes to set; those with null are removed (RFC 7396).
    pub attributes: BTreeMap<String, Value>,
    /// Whether it may be used; disabling ends all its sessions.
    pub status: Option<Status>,
}

/// Which users to list.
pub type UserFilter = UserPage;

impl Authority {
    /// Makes an account without logging it in.
    pub async fn create_user(&self, new: NewAccount, actor: Actor, context: &Context) -> Result<User, Error> {
        let now = self.now();
        let user = self.new_user(new, now).await?;
        let writes = vec![
            Write::InsertUser(user.clone()),
            event(AuditKind::UserCreated, actor, Some(user.id), None, context, now),
        ];
        self.store.commit(writes).await?;
        Ok(user)
    }

    /// The account of that identifier.
    pub async fn find_user(&self, id: UserId) -> Result<User, Error> {
        self.store.user(id).await?.ok_or(Error::NotFound("user"))
    }

    /// The account that logs in with this name, or has this identifier.
    pub async fn find_user_named(&self, name: &str) -> Result<User, Error> {
        if let Ok(id) = name.parse() {
            return self.find_user(id).await;
        }
        let user = match Identifier::parse(name).map_err(Error::name("/identifier"))? {
            Identifier::Username(username) => self.store.user_by_username(&username).await?,
            Identifier::Email(email) => self.store.user_by_email(&email).await?,
        };
        user.ok_or(Error::NotFound("user"))
    }

    /// A page of accounts. The text to look for is compared as names are: in any case and Unicode form.
    pub async fn list_users(&self, filter: UserFilter) -> Result<Vec<User>, Error> {
        let contains = filter.contains.as_deref().map(name::key);
        Ok(self.store.users(UserFilter { contains, ..filter }).await?)
    }

    /// Changes an account.
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        actor: Actor,
        context: &Context,
    ) -> Result<User, Error> {
        let hash = match &change.password {
            Some(password) => {
                let user = self.find_user(id).await?;
                self.check_password("/password", password, user.username.as_ref(), user.email.as_ref())?;
                Some(self.hasher.hash(password.clone()).await?)
            }
            None => None,
        };
        let apply = |user: &mut User| {
            change.apply(user)?;
            if hash.is_some() {
                user.password.clone_from(&hash);
            }
            Ok(())
        };
        self.update_user(id, apply, |before, user, now| {
            let mut writes = vec![event(change.kind(), actor, Some(id), None, context, now)];
            writes.extend(self.moved(before, user, context, now)?);
            if change.password.is_some() {
                writes.push(Write::VoidOneTime { user: id, not_me_since: None });
                writes.extend(self.notice(Letter::PasswordChanged, user, context, now)?);
            }
            match change.status {
                Some(Status::Disabled) => writes.extend(self.shut_out(user.id, now)),
                _ if change.password.is_some() => {
                    let end = End { at: now, reason: EndReason::Password };
                    let which = Sessions::Of(id);
                    writes.push(Write::EndSessions { which, end, until: self.revoked_until(now) });
                }
                _ => {}
            }
            Ok(writes)
        })
        .await
    }

    /// Deletes an account. All its sessions end.
    pub async fn delete_user(&self, id: UserId, actor: Actor, context: &Context) -> Result<(), Error> {
        let user = self.find_user(id).await?;
        self.remove_user(&user, actor, context).await
    }

    pub(super) async fn remove_user(&self, user: &User, actor: Actor, context: &Context) -> Result<(), Error> {
        let now = self.now();
        let mut writes = vec![
            Write::DeleteUser { id: user.id, version: user.version },
            Write::VoidOneTime { user: user.id, not_me_since: Some(Timestamp::BEGINNING) },
            event(AuditKind::UserDeleted, actor, Some(user.id), None, context, now),
        ];
        writes.extend(self.shut_out(user.id, now));
        self.store.commit(writes).await?;
        Ok(())
    }

    /// Ends all sessions of a user, and tells services to refuse whatever was issued so far.
    fn shut_out(&self, id: UserId, now: Timestamp) -> [Write; 2] {
        let until = self.revoked_until(now);
        let end = End { at: now, reason: EndReason::Disabled };
        let revocation = Revocation { kind: RevocationKind::Sub, value: id.to_string(), before: Some(now), until };
        [Write::EndSessions { which: Sessions::Of(id), end, until }, Write::Revoke(revocation)]
    }
}

impl UserChange {
    fn apply(&self, user: &mut User) -> Result<(), Error> {
        self.names.apply(user)?;
        user.email_verified = self.email_verified.unwrap_or(user.email_verified) && user.email.is_some();
        if let Some(roles) = &self.roles {
            check_roles(roles)?;
            user.roles = roles.iter().cloned().collect();
        }
        check_roles(&self.add_roles)?;
        user.roles.extend(self.add_roles.iter().cloned());
        user.roles.retain(|role| !self.remove_roles.contains(role));
        check_roles(&user.roles.iter().cloned().collect::<Vec<_>>())?;
        for (name, value) in &self.attributes {
            match value {
                Value::Null => user.attributes.remove(name),
                value => user.attributes.insert(name.clone(), value.clone()),
            };
        }
        check_attributes(&user.attributes)?;
        user.status = self.status.unwrap_or(user.status);
        Ok(())
    }

    fn kind(&self) -> AuditKind {
        match self.status {
            Some(Status::Disabled) => AuditKind::UserDisabled,
            Some(Status::Active) => AuditKind::UserEnabled,
            None if self.password.is_some() => AuditKind::PasswordChanged,
            None => AuditKind::UserChanged,
        }
    }
}
