use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::payload::Payload;
use crate::{VerifyingKey, json};

/// The claims of a token that passed every check; only [`Verifier::verify`](crate::Verifier::verify) makes them.
/// Cloning is cheap.
#[derive(Clone)]
pub struct Claims(Genuine);

/// The claims of a token that this issuer signed, whatever its age and audience; only
/// [`Verifier::verify_genuine`](crate::Verifier::verify_genuine) makes them. It is a receipt, not a permission.
/// Cloning is cheap.
#[derive(Clone)]
pub struct Genuine(Arc<Token>);

struct Token {
    payload: Payload,
    kid: KeyId,
}

/// The `kid` of a token's header.
pub(crate) enum KeyId {
    /// That of the key which verified it.
    OfKey(VerifyingKey),
    /// One that the key does not have.
    Own(Option<Box<str>>),
}

impl Claims {
    /// `exp`, in seconds since 1970, a fraction rounded up.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        // The verifier compared it, so it is there.
        self.0.0.payload.expires_at().unwrap_or_default()
    }

    /// `sub`: who the token is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.0.subject().unwrap_or_default()
    }

    /// The same token as a mere receipt.
    #[must_use]
    pub fn into_genuine(self) -> Genuine {
        self.0
    }

    pub(crate) fn new(genuine: Genuine) -> Self {
        Self(genuine)
    }
}

impl Genuine {
    /// `exp`, in seconds since 1970, a fraction rounded up; `None` when absent. It may have passed.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        self.0.payload.expires_at()
    }

    /// `sub`: who the token is about; `None` when absent.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.payload.subject()
    }

    pub(crate) fn new(payload: Payload, kid: KeyId) -> Self {
        Self(Arc::new(Token { payload, kid }))
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.0.payload
    }

    fn token(&self) -> &Token {
        &self.0
    }
}

impl Claims {
    fn token(&self) -> &Token {
        &self.0.0
    }
}

/// What both types tell.
macro_rules! accessors {
    ($type:ty) => {
        impl $type {
            /// `iss`: who issued the token.
            #[must_use]
            pub fn issuer(&self) -> &str {
                // The verifier compared it, so it is there.
                self.token().payload.issuer().unwrap_or_default()
            }

            /// `aud`: whom the token is for.
            pub fn audiences(&self) -> impl Iterator<Item = &str> {
                self.token().payload.audiences()
            }

            /// Whether `aud` holds exactly this string.
            #[must_use]
            pub fn has_audience(&self, audience: &str) -> bool {
                self.audiences().any(|own| own == audience)
            }

            /// `iat`, in seconds since 1970, a fraction rounded up.
            #[must_use]
            pub fn issued_at(&self) -> Option<i64> {
                self.token().payload.issued_at()
            }

            /// `nbf`, in seconds since 1970, a fraction rounded up.
            #[must_use]
            pub fn not_before(&self) -> Option<i64> {
                self.token().payload.not_before()
            }

            /// `jti`: the token's own id.
            #[must_use]
            pub fn token_id(&self) -> Option<&str> {
                self.token().payload.token_id()
            }

            /// `sid`: the session the token belongs to.
            #[must_use]
            pub fn session_id(&self) -> Option<&str> {
                self.token().payload.session_id()
            }

            /// `client_id`: the client it was issued to (RFC 8693 section 4.3).
            #[must_use]
            pub fn client_id(&self) -> Option<&str> {
                self.token().payload.client_id()
            }

            /// `scope`: words separated by spaces (RFC 8693 section 4.2).
            #[must_use]
            pub fn scope(&self) -> Option<&str> {
                self.token().payload.scope()
            }

            /// Whether `scope` has this word.
            #[must_use]
            pub fn has_scope(&self, word: &str) -> bool {
                self.scope().is_some_and(|scope| scope.split(' ').any(|own| !own.is_empty() && own == word))
            }

            /// `roles` (RFC 9068 section 2.2.3.1); none when absent or not an array of strings.
            #[must_use]
            pub fn roles(&self) -> Vec<String> {
                self.get("roles").unwrap_or_default()
            }

            /// `auth_time`: when the user last logged in, in seconds since 1970, a fraction cut off.
            #[must_use]
            pub fn auth_time(&self) -> Option<i64> {
                self.get::<f64>("auth_time").map(|seconds| seconds as i64)
            }

            /// The `kid` of the token's header.
            #[must_use]
            pub fn key_id(&self) -> Option<&str> {
                match &self.token().kid {
                    KeyId::OfKey(key) => key.key_id(),
                    KeyId::Own(kid) => kid.as_deref(),
                }
            }

            /// Any claim by name; `None` when absent or not a `T`.
            #[must_use]
            pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
                serde_json::from_str(json::member(self.json(), name)?.raw()).ok()
            }

            /// The whole payload as a type of the application's.
            ///
            /// # Errors
            /// When the payload is not a `T`.
            pub fn to<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
                serde_json::from_str(self.json())
            }

            /// The payload as it was signed.
            #[must_use]
            pub fn json(&self) -> &str {
                self.token().payload.json()
            }
        }

        impl fmt::Debug for $type {
            /// Leaves out what is personal or could help to rebuild a token.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))
                    .field("issuer", &self.issuer())
                    .field("subject", &self.subject())
                    .field("expires_at", &self.expires_at())
                    .finish_non_exhaustive()
            }
        }
    };
}

accessors!(Claims);
accessors!(Genuine);
