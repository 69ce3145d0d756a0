use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokenry_domain::authority::{Signup, SignupMode};
use tokenry_domain::error::Error;
use tokenry_domain::session::Method;

use super::Page;
use super::asked::Asked;
use super::faults::Faults;
use super::field::Field;
use super::form::Form;
use super::social::Choice;
use super::visitor::{self, Visitor};
use crate::App;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

#[derive(Template)]
#[template(path = "signup.html")]
struct SignupPage<'a> {
    page: &'a Page,
    asked: &'a Asked,
    username: &'a str,
    email: &'a str,
    faults: Faults,
    known_as: Option<&'a str>,
    is_closed: bool,
    /// The e-mail domains that may sign up, if not all.
    domains: Option<String>,
    choices: Vec<Choice>,
}

pub(super) async fn show(State(app): State<Arc<App>>, page: Page, asked: Asked, visitor: Visitor) -> Response {
    let known_as = visitor.caller.as_ref().map(|caller| visitor::name_of(&caller.user));
    page.show(StatusCode::OK, &SignupPage { known_as, ..SignupPage::new(&app, &page, &asked) })
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Form(Request { username, email, password, return_to }): Form<Request>,
) -> Response {
    let asked = Asked::by_form(&app, &return_to);
    let given = |name: &str| (!name.trim().is_empty()).then(|| name.to_owned());
    let signup = Signup { username: given(&username), email: given(&email), password, method: Method::Cookie };
    let error = match app.authority.signup(signup, &visitor.context).await {
        Ok(done) => {
            app.metrics.signups.inc();
            let destination = match asked.return_to {
                Some(_) => page.destination(&asked),
                None => page.link("/account?notice=welcome"),
            };
            return visitor.enter(&page, done, &destination).await;
        }
        Err(error) => error,
    };
    let template = SignupPage::new(&app, &page, &asked);
    let faults = match &error {
        Error::Forbidden(_) if template.is_closed => Some(Faults::default()),
        Error::Forbidden(_) => {
            let fields = vec![("email", page.text.form.email_domain.to_owned())];
            Some(Faults { form: "signup", fields, ..Faults::default() })
        }
        error => Faults::told(page.text, "signup", FIELDS, error),
    };
    match faults {
        Some(faults) => page.tell(error, &SignupPage { username: &username, email: &email, faults, ..template }),
        None => page.refuse(error),
    }
}

const FIELDS: &[&str] = &["username", "email", "password"];

impl<'a> SignupPage<'a> {
    fn new(app: &App, page: &'a Page, asked: &'a Asked) -> Self {
        let mode = &app.authority.settings().signup;
        let domains = match mode {
            SignupMode::Domains(domains) => Some(domains.join(", ")),
            SignupMode::Open | SignupMode::Closed => None,
        };
        let is_closed = *mode == SignupMode::Closed;
        let (faults, choices) = (Faults::default(), page.choices(asked));
        Self { page, asked, username: "", email: "", faults, known_as: None, is_closed, domains, choices }
    }

    fn username_field(&self) -> Field<'_> {
        let text = &self.page.text.form;
        let field = Field::text(self.page, &self.faults, "signup", "username", text.username, "username");
        let field = if self.domains.is_some() { field.remark(text.optional) } else { field };
        field.value(self.username).first(self.faults.is_empty())
    }

    fn email_field(&self) -> Field<'_> {
        let text = &self.page.text.form;
        let field = Field::text(self.page, &self.faults, "signup", "email", text.email, "email").email();
        let field = match &self.domains {
            Some(domains) => field.hint(domains),
            None => field.remark(text.optional),
        };
        field.value(self.email)
    }

    fn password_field(&self) -> Field<'_> {
        let text = &self.page.text.form;
        let field = Field::password(self.page, &self.faults, "signup", "password", text.password, "new-password");
        field.hint(text.password_hint)
    }
}
