use serde_json::{Map, Value};

use super::Authority;
use crate::account::User;
use crate::error::Error;
use crate::id::SessionId;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::RefreshToken;

/// What a token is worth at this moment (RFC 7662 section 2.2).
pub struct Introspection {
    /// The token's session, when the token is active.
    pub session: Option<SessionId>,
    /// The members of the answer beside `active`; empty when it is not.
    pub members: Map<String, Value>,
}

impl Introspection {
    /// Whether the token can be used now.
    pub fn is_active(&self) -> bool {
        self.session.is_some()
    }

    fn inactive() -> Self {
        Self { session: None, members: Map::new() }
    }
}

impl Authority {
    /// Tells what a token, access or refresh, is worth. A bad token is not an error: it is inactive.
    pub async fn introspect(&self, token: &str) -> Result<Introspection, Error> {
        match self.authenticate(token).await {
            Ok(caller) => {
                let mut members: Map<String, Value> =
                    caller.claims.and_then(|claims| claims.to().ok()).unwrap_or_default();
                members.insert("token_type".to_owned(), "Bearer".into());
                describe(&mut members, &caller.user);
                return Ok(Introspection { session: Some(caller.session.id), members });
            }
            Err(Error::Token(_) | Error::Revoked(_)) => {}
            Err(other) => return Err(other),
        }
        let token = match self.read_refresh(token).await {
            Ok(token) => token,
            Err(Error::RefreshInvalid(_)) => return Ok(Introspection::inactive()),
            Err(other) => return Err(other),
        };
        let Some((session, Some(user))) = self.store.session(token.session).await? else {
            return Ok(Introspection::inactive());
        };
        let now = self.now();
        if !token.is_of(&session.secret) || !user.is_active() || !is_current(&token, &session, now) {
            return Ok(Introspection::inactive());
        }
        let mut members = Map::new();
        members.insert("iss".to_owned(), self.settings.issuer.as_str().into());
        members.insert("sub".to_owned(), user.id.to_string().into());
        members.insert("sid".to_owned(), session.id.to_string().into());
        members.insert("exp".to_owned(), token.expires_at.seconds().into());
        members.insert("token_type".to_owned(), "refresh_token".into());
        describe(&mut members, &user);
        Ok(Introspection { session: Some(session.id), members })
    }
}

fn describe(members: &mut Map<String, Value>, user: &User) {
    if let Some(username) = &user.username {
        members.insert("username".to_owned(), username.display().into());
    }
}

/// Whether presenting the token now would lead to a new pair for a client that was not overtaken.
fn is_current(token: &RefreshToken, session: &Session, now: Timestamp) -> bool {
    let state = &session.refresh;
    let is_newest = token.position == state.head || Some(token.position) == state.child_position();
    is_newest && !session.is_over(now) && now < token.expires_at
}
