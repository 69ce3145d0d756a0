use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokenry_domain::authority::Login;
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
    identifier: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    page: &'a Page,
    asked: &'a Asked,
    identifier: &'a str,
    faults: Faults,
    /// Who is logged in already.
    known_as: Option<&'a str>,
    choices: Vec<Choice>,
}

pub(super) async fn show(page: Page, asked: Asked, visitor: Visitor) -> Response {
    let known_as = visitor.caller.as_ref().map(|caller| visitor::name_of(&caller.user));
    let choices = page.choices(&asked);
    let template =
        LoginPage { page: &page, asked: &asked, identifier: "", faults: Faults::default(), known_as, choices };
    page.show(StatusCode::OK, &template)
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Form(Request { identifier, password, return_to }): Form<Request>,
) -> Response {
    let asked = Asked::by_form(&app, &return_to);
    let done = match missing(&identifier, &password) {
        Some(error) => Err(error),
        None => {
            let login = Login { identifier: identifier.clone(), password, method: Method::Cookie };
            let done = app.authority.login(login, &visitor.context).await;
            app.metrics.login(done.is_ok());
            done
        }
    };
    match done {
        Ok(done) => visitor.enter(&page, done, &page.destination(&asked)).await,
        Err(error) => match Faults::told(page.text, "login", FIELDS, &error) {
            Some(faults) => {
                let choices = page.choices(&asked);
                let identifier = &identifier;
                let template = LoginPage { page: &page, asked: &asked, identifier, faults, known_as: None, choices };
                page.tell(error, &template)
            }
            None => page.refuse(error),
        },
    }
}

/// What is worth no guess.
fn missing(identifier: &str, password: &str) -> Option<Error> {
    match (identifier.trim(), password) {
        ("", _) => Some(Error::missing("/identifier", "is empty")),
        (_, "") => Some(Error::missing("/password", "is empty")),
        _ => None,
    }
}

const FIELDS: &[&str] = &["identifier", "password"];

impl LoginPage<'_> {
    fn identifier_field(&self) -> Field<'_> {
        let field =
            Field::text(self.page, &self.faults, "login", "identifier", self.page.text.form.identifier, "username");
        field.value(self.identifier).first(self.faults.is_empty())
    }

    fn password_field(&self) -> Field<'_> {
        Field::password(self.page, &self.faults, "login", "password", self.page.text.form.password, "current-password")
    }
}
