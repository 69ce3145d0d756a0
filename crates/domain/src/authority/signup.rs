use super::accounts::{Names, NewAccount};
use super::{Authority, Context, LoggedIn, SignupMode, event};
use crate::account::Attributes;
use crate::audit::{Actor, AuditKind};
use crate::error::Error;
use crate::name::Email;
use crate::password::Password;
use crate::session::Method;
use crate::store::Write;

/// A request to sign up.
pub struct Signup {
    /// The username; this or `email` must be present.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The password.
    pub password: String,
    /// How the session is to be carried.
    pub method: Method,
}

impl Authority {
    /// Makes an account and logs it in, in one commit.
    pub async fn signup(&self, request: Signup, context: &Context) -> Result<LoggedIn, Error> {
        self.throttle.signup(context.client.address).map_err(Error::RateLimited)?;
        let names = Names::parse(request.username.as_deref(), request.email.as_deref())?;
        self.check_signup(names.email.as_ref())?;
        let password = Password::new(request.password).map_err(Error::password("/password"))?;
        let new = NewAccount {
            username: request.username,
            email: request.email,
            password: Some(password),
            roles: Vec::new(),
            attributes: Attributes::new(),
        };
        let user = self.new_user(new, self.now()).await?;
        let now = self.now();
        let (session, cookie) = self.begin(request.method, &user, context, now)?;
        let (id, sid) = (Some(user.id), Some(session.id));
        let mut writes = vec![
            Write::InsertUser(user.clone()),
            Write::InsertSession(session.clone()),
            event(AuditKind::UserCreated, Actor::User, id, sid, context, now),
        ];
        writes.extend(self.first_verification(&user, context, now)?);
        self.store.commit(writes).await?;
        let granted = self.grant(session, cookie, &user, now)?;
        Ok(LoggedIn { user, granted })
    }

    /// Whether someone with this address may sign up.
    pub(super) fn check_signup(&self, email: Option<&Email>) -> Result<(), Error> {
        match &self.settings.signup {
            SignupMode::Open => Ok(()),
            SignupMode::Closed => Err(Error::Forbidden("sign-up is closed")),
            SignupMode::Domains(domains) => {
                let Some(email) = email else {
                    return Err(Error::missing("/email", "sign-up here needs an e-mail address"));
                };
                match domains.iter().any(|domain| domain == email.domain()) {
                    true => Ok(()),
                    false => Err(Error::Forbidden("sign-up is limited to certain e-mail domains")),
                }
            }
        }
    }
}
