//! What other issuers say of a person.

use crate::name::Email;

/// A person as an identity provider describes them, once its answer was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The provider's issuer. With `subject` it names the person; nothing else does.
    pub issuer: String,
    /// The person's identifier at the issuer.
    pub subject: String,
    /// The person's address there, if it could be had and is one.
    pub email: Option<Email>,
    /// Whether the provider itself has seen that the person reads mail at `email`, and is believed.
    pub email_verified: bool,
    /// What the person is called there; to be shown, never to be compared.
    pub name: Option<String>,
}
