use std::fmt;
use std::ops::Deref;

use http::Extensions;
use serde::de::DeserializeOwned;

use crate::{Guard, Refusal};

/// The claims of a token that a guard accepted, and as `T` those that are the application's own.
///
/// `Claims` alone has the registered ones: [`subject`](tokenry_jwt::Claims::subject),
/// [`has_scope`](tokenry_jwt::Claims::has_scope) and the others of [`tokenry_jwt::Claims`]. For more, take
/// `Claims<MyClaims>` with any `MyClaims` that is `Deserialize`; a token whose claims are not of that form is refused.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct Claims<T = Registered> {
    claims: tokenry_jwt::Claims,
    custom: T,
}

/// Stands for no claims of the application's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered;

/// What can be read from claims: everything that is `Deserialize`, and [`Registered`], which reads nothing.
pub trait FromClaims: Sized {
    /// Reads it from the whole payload.
    ///
    /// # Errors
    /// [`Refusal::Form`] when the claims have another form.
    fn from_claims(claims: &tokenry_jwt::Claims) -> Result<Self, Refusal>;
}

/// What a guard's layer found out about a request.
#[derive(Clone)]
pub(crate) struct Authenticated {
    /// `None`: it is anonymous.
    pub(crate) claims: Option<tokenry_jwt::Claims>,
    /// Who found out, and counts what is refused later.
    pub(crate) guard: Guard,
}

impl Claims {
    /// The claims of a request that went through a guard's layer, for frameworks without an extractor; `None` when it is
    /// anonymous, or no guard saw it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Authenticated>()?.claims.clone().map(Self::from)
    }

    /// The same with claims of the application's own.
    ///
    /// # Errors
    /// [`Refusal::Form`] when the claims have another form.
    pub fn read<T: FromClaims>(&self) -> Result<Claims<T>, Refusal> {
        Claims::new(self.claims.clone())
    }
}

impl<T> Claims<T> {
    /// The claims of the application's own.
    pub fn custom(&self) -> &T {
        &self.custom
    }

    /// That `scope` has this word.
    ///
    /// # Errors
    /// [`Refusal::Scope`], which is an answer with status 403.
    pub fn require_scope(&self, scope: &str) -> Result<(), Refusal> {
        self.has_scope(scope).then_some(()).ok_or_else(|| Refusal::Scope(scope.to_owned().into()))
    }

    /// That `roles` has this role.
    ///
    /// # Errors
    /// [`Refusal::Role`], which is an answer with status 403.
    pub fn require_role(&self, role: &str) -> Result<(), Refusal> {
        self.has_role(role).then_some(()).ok_or_else(|| Refusal::Role(role.to_owned().into()))
    }

    /// Whether `roles` has this role.
    pub fn has_role(&self, role: &str) -> bool {
        has_role(&self.claims, role)
    }
}

impl<T: FromClaims> Claims<T> {
    pub(crate) fn new(claims: tokenry_jwt::Claims) -> Result<Self, Refusal> {
        Ok(Self { custom: T::from_claims(&claims)?, claims })
    }
}

impl From<tokenry_jwt::Claims> for Claims {
    fn from(claims: tokenry_jwt::Claims) -> Self {
        Self { claims, custom: Registered }
    }
}

impl<T> Deref for Claims<T> {
    type Target = tokenry_jwt::Claims;

    fn deref(&self) -> &tokenry_jwt::Claims {
        &self.claims
    }
}

impl<T> fmt::Debug for Claims<T> {
    /// Leaves out the application's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.claims.fmt(f)
    }
}

impl FromClaims for Registered {
    fn from_claims(_: &tokenry_jwt::Claims) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl<T: DeserializeOwned> FromClaims for T {
    fn from_claims(claims: &tokenry_jwt::Claims) -> Result<Self, Refusal> {
        claims.to().map_err(|error| Refusal::Form(error.to_string()))
    }
}

pub(crate) fn has_role(claims: &tokenry_jwt::Claims, role: &str) -> bool {
    claims.roles().iter().any(|own| own == role)
}
