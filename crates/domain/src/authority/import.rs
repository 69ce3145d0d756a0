use super::accounts::{Names, check_attributes, check_roles};
use super::{Authority, Context, event};
use crate::account::{Attributes, Status, User};
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::id::UserId;
use crate::password::PasswordHash;
use crate::store::Write;
use crate::time::Timestamp;

/// An account of another system.
#[derive(Debug)]
pub struct ImportedAccount {
    /// The username; this or `email` must be present.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The hash of its password, of any scheme that can be compared. It is replaced at the first log-in.
    pub password: PasswordHash,
    /// Roles.
    pub roles: Vec<String>,
    /// Attributes.
    pub attributes: Attributes,
    /// Whether it may be used.
    pub status: Status,
    /// When it was made there.
    pub created_at: Option<Timestamp>,
}

impl Authority {
    /// Takes over an account with its password hash.
    pub async fn import_user(&self, account: ImportedAccount) -> Result<UserId, Error> {
        let now = self.now();
        let names = Names::parse(account.username.as_deref(), account.email.as_deref())?;
        check_roles(&account.roles)?;
        check_attributes(&account.attributes)?;
        let user = User {
            status: account.status,
            created_at: account.created_at.unwrap_or(now),
            ..self.user_with(names, Some(account.password), account.roles, account.attributes, now)?
        };
        let id = user.id;
        let context = Context::default();
        let imported = event(AuditKind::UserImported, Actor::Operator, Some(id), None, &context, now);
        self.store.commit(vec![Write::InsertUser(user), imported]).await?;
        Ok(id)
    }
}
