use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokenry_domain::account::User;
use tokenry_domain::authority::{Caller, ProfileChange};
use tokenry_domain::error::Error;
use tokenry_domain::identity::Identity;
use tokenry_domain::name::{Email, Username};
use tokenry_domain::session::Session;

use super::asked::Asked;
use super::faults::Faults;
use super::field::Field;
use super::form::Form;
use super::moment::Moment;
use super::social::Choice;
use super::visitor::{self, Visitor};
use super::{Page, device};
use crate::App;

/// The forms of the page, told apart by `action`.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Action {
    Profile {
        username: String,
        /// Not there where the address has a form of its own.
        email: Option<String>,
    },
    Verify,
    Email {
        new_email: String,
        #[serde(default)]
        current_password: String,
    },
    Password {
        #[serde(default)]
        current_password: String,
        new_password: String,
    },
    Unlink {
        identity: String,
    },
    EndSession {
        session: String,
    },
    EndOthers,
    Delete {
        #[serde(default)]
        current_password: String,
    },
    LogOut,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    page: &'a Page,
    asked: &'a Asked,
    user: &'a User,
    username: &'a str,
    email: &'a str,
    faults: Faults,
    identities: Vec<IdentityRow>,
    /// Providers that none of them is at.
    choices: Vec<Choice>,
    /// Whether the user has logged in just now: what stands in for a password that is not there.
    is_fresh: bool,
    sessions: Vec<SessionRow>,
    /// How many more there are than are shown.
    more_sessions: u64,
}

/// A session as its owner sees it.
struct SessionRow {
    id: String,
    is_current: bool,
    device: String,
    agent: String,
    address: String,
    first: Moment,
    last: Moment,
}

/// An identity as its user sees it.
struct IdentityRow {
    id: String,
    provider: String,
    label: String,
    linked: Moment,
}

pub(super) async fn show(State(app): State<Arc<App>>, page: Page, asked: Asked, visitor: Visitor) -> Response {
    match &visitor.caller {
        Some(caller) => {
            render(&app, &page, &asked, caller, Trial::default()).await.unwrap_or_else(|error| page.refuse(error))
        }
        None => to_log_in(&page, &visitor),
    }
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Form(action): Form<Action>,
) -> Response {
    let Some(caller) = &visitor.caller else { return to_log_in(&page, &visitor) };
    let trial = action.trial();
    match action.run(&app, &visitor, caller).await {
        Ok(Done::Stay(notice)) => page.go(&page.link(&format!("/account?notice={notice}"))),
        Ok(Done::Leave(notice)) => visitor.leave(&page, &page.link(&format!("/login?notice={notice}"))),
        Err(error) => match Faults::told(page.text, trial.form, trial.fields, &error) {
            Some(faults) => {
                let trial = Trial { faults, ..trial };
                match render(&app, &page, &Asked::default(), caller, trial).await {
                    Ok(shown) => page.with_status(error, shown),
                    Err(error) => page.refuse(error),
                }
            }
            None => page.refuse(error),
        },
    }
}

/// A form that was tried: what is shown back of it.
#[derive(Default)]
struct Trial {
    form: &'static str,
    fields: &'static [&'static str],
    names: Option<(String, String)>,
    faults: Faults,
}

/// What follows a form.
enum Done {
    Stay(&'static str),
    Leave(&'static str),
}

impl Action {
    fn trial(&self) -> Trial {
        let (form, fields): (_, &[_]) = match self {
            Self::Profile { .. } => ("profile", &["username", "email"]),
            Self::Email { .. } => ("email", &["new_email", "current_password"]),
            Self::Password { .. } => ("password", &["current_password", "new_password"]),
            Self::Delete { .. } => ("delete", &["current_password"]),
            Self::Unlink { .. } => ("identities", &[]),
            Self::Verify | Self::EndSession { .. } | Self::EndOthers | Self::LogOut => ("sessions", &[]),
        };
        let names = match self {
            Self::Profile { username, email } => Some((username.clone(), email.clone().unwrap_or_default())),
            _ => None,
        };
        Trial { form, fields, names, ..Trial::default() }
    }

    async fn run(self, app: &App, visitor: &Visitor, caller: &Caller) -> Result<Done, Error> {
        let (authority, context) = (&app.authority, &visitor.context);
        match self {
            Self::Profile { username, email } => {
                let change = ProfileChange {
                    username: changed(&username, names_of(&caller.user).0),
                    email: email.and_then(|email| changed(&email, names_of(&caller.user).1)),
                };
                if change.username.is_some() || change.email.is_some() {
                    authority.change_profile(caller, change, context).await?;
                }
                Ok(Done::Stay("profile"))
            }
            Self::Verify => {
                authority.request_verification(caller, context).await?;
                Ok(Done::Stay("verify"))
            }
            Self::Email { new_email, current_password } => {
                let current = given(caller, current_password)?;
                authority.request_email_change(caller, current, &new_email, context).await?;
                Ok(Done::Stay("email"))
            }
            Self::Password { current_password, new_password } => {
                let current = given(caller, current_password)?;
                authority.change_password(caller, current, new_password, context).await?;
                Ok(Done::Stay("password"))
            }
            Self::Unlink { identity } => {
                let id = identity.parse().map_err(|_| Error::NotFound("identity"))?;
                match authority.unlink(caller, id, context).await {
                    // It is gone: what was wanted is so.
                    Ok(()) | Err(Error::NotFound(_)) => Ok(Done::Stay("unlinked")),
                    Err(error) => Err(error),
                }
            }
            Self::EndSession { session } => {
                let id = session.parse().map_err(|_| Error::NotFound("session"))?;
                match authority.end_own_session(caller, id, context).await {
                    // It ended meanwhile: what was wanted is so.
                    Ok(()) | Err(Error::NotFound(_)) if id != caller.session.id => Ok(Done::Stay("session")),
                    Ok(()) => Ok(Done::Leave("out")),
                    Err(error) => Err(error),
                }
            }
            Self::EndOthers => {
                authority.end_other_sessions(caller, context).await?;
                Ok(Done::Stay("others"))
            }
            Self::Delete { current_password } => {
                authority.delete_account(caller, given(caller, current_password)?, context).await?;
                Ok(Done::Leave("deleted"))
            }
            Self::LogOut => {
                visitor.log_out().await?;
                Ok(Done::Leave("out"))
            }
        }
    }
}

/// The password, if the account has one. An empty one is worth no guess.
fn given(caller: &Caller, current_password: String) -> Result<Option<String>, Error> {
    match (&caller.user.password, current_password.is_empty()) {
        (None, _) => Ok(None),
        (Some(_), true) => Err(Error::missing("/current_password", "is empty")),
        (Some(_), false) => Ok(Some(current_password)),
    }
}

/// A name that is no longer what it was; an empty one is none.
fn changed(typed: &str, kept: &str) -> Option<Option<String>> {
    let typed = typed.trim();
    (typed != kept).then(|| (!typed.is_empty()).then(|| typed.to_owned()))
}

fn names_of(user: &User) -> (&str, &str) {
    (user.username.as_ref().map_or("", Username::display), user.email.as_ref().map_or("", Email::display))
}

fn to_log_in(page: &Page, visitor: &Visitor) -> Response {
    let account = page.link("/account");
    let address = page.link(&format!("/login?return_to={account}"));
    match visitor.has_ended {
        true => visitor.leave(page, &format!("{address}&notice=ended")),
        false => page.go(&address),
    }
}

async fn render(app: &App, page: &Page, asked: &Asked, caller: &Caller, trial: Trial) -> Result<Response, Error> {
    let mut sessions = app.authority.sessions(caller.user.id).await?;
    sessions.sort_by_key(|session| session.id != caller.session.id);
    let more_sessions = sessions.len().saturating_sub(MOST_SHOWN) as u64;
    let now = app.authority.now();
    let row = |session: &Session| {
        let agent = session.client.device.clone().unwrap_or_default();
        SessionRow {
            id: session.id.to_string(),
            is_current: session.id == caller.session.id,
            device: device::name(&agent).unwrap_or_else(|| page.text.account.unknown_device.to_owned()),
            agent,
            address: session.client.address.map(|address| address.to_string()).unwrap_or_default(),
            first: Moment::new(session.created_at, now, page.text),
            last: Moment::new(session.last_used_at, now, page.text),
        }
    };
    let identities = app.authority.identities(caller.user.id).await?;
    let choices = page.unlinked(&identities);
    let identity_row = |identity: &Identity| IdentityRow {
        id: identity.id.to_string(),
        provider: page.label_of(&identity.provider).to_owned(),
        label: identity.label.clone(),
        linked: Moment::new(identity.created_at, now, page.text),
    };
    let (username, email) = match &trial.names {
        Some((username, email)) => (username.as_str(), email.as_str()),
        None => names_of(&caller.user),
    };
    let template = AccountPage {
        page,
        asked,
        user: &caller.user,
        username,
        email,
        faults: trial.faults,
        identities: identities.iter().map(identity_row).collect(),
        choices,
        is_fresh: app.authority.is_fresh(&caller.session),
        sessions: sessions.iter().take(MOST_SHOWN).map(row).collect(),
        more_sessions,
    };
    Ok(page.show(StatusCode::OK, &template))
}

const MOST_SHOWN: usize = 50;

impl AccountPage<'_> {
    fn name(&self) -> &str {
        visitor::name_of(self.user)
    }

    fn username_field(&self) -> Field<'_> {
        let text = self.page.text.form.username;
        Field::text(self.page, &self.faults, "profile", "username", text, "username").value(self.username)
    }

    fn email_field(&self) -> Field<'_> {
        let text = self.page.text.form.email;
        Field::text(self.page, &self.faults, "profile", "email", text, "email").email().value(self.email)
    }

    /// Whether mail reaches the user.
    fn has_mailbox(&self) -> bool {
        self.page.sends_mail() && self.user.email.is_some()
    }

    /// Whether the address has a form of its own: one that is confirmed gives way to another that is.
    fn is_confirmed(&self) -> bool {
        self.has_mailbox() && self.user.email_verified
    }

    fn own_email(&self) -> &str {
        names_of(self.user).1
    }

    fn new_email_field(&self) -> Field<'_> {
        let text = self.page.text.account.new_email;
        Field::text(self.page, &self.faults, "email", "new_email", text, "email").email()
    }

    fn email_password_field(&self) -> Field<'_> {
        let text = self.page.text.form.current_password;
        Field::password(self.page, &self.faults, "email", "current_password", text, "current-password")
    }

    fn current_password_field(&self) -> Field<'_> {
        let text = self.page.text.form.current_password;
        Field::password(self.page, &self.faults, "password", "current_password", text, "current-password")
    }

    fn new_password_field(&self) -> Field<'_> {
        let text = &self.page.text.form;
        let field =
            Field::password(self.page, &self.faults, "password", "new_password", text.new_password, "new-password");
        field.hint(text.password_hint)
    }

    fn confirmation_field(&self) -> Field<'_> {
        let text = self.page.text.form.current_password;
        Field::password(self.page, &self.faults, "delete", "current_password", text, "current-password")
    }

    fn log_in_again(&self) -> String {
        self.page.link(&format!("/login?return_to={}", self.page.link("/account")))
    }

    fn has_password(&self) -> bool {
        self.user.password.is_some()
    }

    fn more(&self) -> String {
        (self.page.text.account.more_sessions)(self.more_sessions)
    }
}
