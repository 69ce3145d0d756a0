//! Accounts: who can log in, and what the application knows of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::UserId;
use crate::name::{Email, Username};
use crate::password::PasswordHash;
use crate::time::Timestamp;

/// What an application keeps with a user, by name: the source of public and private claims.
pub type Attributes = BTreeMap<String, Value>;

/// One account. At least one of `username` and `email` is present.
#[derive(Clone, Debug)]
pub struct User {
    /// The account's identifier, never reused.
    pub id: UserId,
    /// The name to log in with, unique by its key.
    pub username: Option<Username>,
    /// The e-mail address, unique by its key.
    pub email: Option<Email>,
    /// Whether the owner has proven to read mail at `email`.
    pub email_verified: bool,
    /// The hash to compare a password with; `None` when the account has no password.
    pub password: Option<PasswordHash>,
    /// Roles, put into the `roles` claim.
    pub roles: BTreeSet<String>,
    /// Attributes, from which `[token.claims]` draws.
    pub attributes: Attributes,
    /// Whether the account may be used.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts changes: what a compare-and-swap compares.
    pub version: u64,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may log in and refresh.
    Active,
    /// It may not, until someone enables it again.
    Disabled,
}

impl User {
    /// Whether the account may log in and refresh.
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

/// Most roles of one user.
pub const MAX_ROLES: usize = 64;
/// Longest role name, in bytes.
pub const MAX_ROLE_BYTES: usize = 128;
/// Most bytes of a user's attributes, as JSON.
pub const MAX_ATTRIBUTES_BYTES: usize = 4096;

/// Whether `role` can be a role: 1 to 128 bytes without white space, commas or control characters, so that a list of
/// roles survives a header.
pub fn is_role(role: &str) -> bool {
    !role.is_empty()
        && role.len() <= MAX_ROLE_BYTES
        && !role.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',')
}
