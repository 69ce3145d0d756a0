//! Asking for a link by mail: one that sets a new password, or one that logs in. The pages say the same whether or not there
//! is an account.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use tokenry_domain::Error;

use super::Page;
use super::faults::Faults;
use super::field::Field;
use super::form::Form;
use super::visitor::Visitor;
use crate::App;
use crate::http::problem::ApiError;

/// What the link is to do.
#[derive(Clone, Copy)]
enum Wish {
    NewPassword,
    LogIn,
}

pub(super) fn router() -> Router<Arc<App>> {
    [Wish::NewPassword, Wish::LogIn].into_iter().fold(Router::new(), |router, wish| {
        let show = async move |page| show(wish, page).await;
        let submit = async move |app, page, visitor, form| submit(wish, app, page, visitor, form).await;
        router.route(wish.path(), get(show).post(submit))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    email: String,
}

#[derive(Template)]
#[template(path = "mailed.html")]
struct MailedPage<'a> {
    page: &'a Page,
    wish: Wish,
    email: &'a str,
    is_sent: bool,
    faults: Faults,
}

async fn show(wish: Wish, page: Page) -> Response {
    if !page.sends_mail() {
        return page.refuse(ApiError::new(StatusCode::NOT_FOUND, "not_found", "mail is off here"));
    }
    page.show(StatusCode::OK, &MailedPage { page: &page, wish, email: "", is_sent: false, faults: Faults::default() })
}

async fn submit(
    wish: Wish,
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Form(Asked { email }): Form<Asked>,
) -> Response {
    let done = match wish {
        Wish::NewPassword => app.authority.request_reset(&email, &visitor.context).await,
        Wish::LogIn => app.authority.request_login_link(&email, &visitor.context).await,
    };
    let template = MailedPage { page: &page, wish, email: &email, is_sent: done.is_ok(), faults: Faults::default() };
    match done {
        Ok(()) => page.show(StatusCode::ACCEPTED, &template),
        Err(error) => match told(&page, &error) {
            Some(faults) => page.tell(error, &MailedPage { faults, ..template }),
            None => page.refuse(error),
        },
    }
}

fn told(page: &Page, error: &Error) -> Option<Faults> {
    Faults::told(page.text, "mailed", &["email"], error)
}

impl Wish {
    const fn path(self) -> &'static str {
        match self {
            Self::NewPassword => FORGOT,
            Self::LogIn => LINK,
        }
    }
}

impl MailedPage<'_> {
    /// Title, lead and button.
    fn words(&self) -> [&'static str; 3] {
        let text = &self.page.text.mailed;
        match self.wish {
            Wish::NewPassword => [text.forgot, text.forgot_lead, text.forgot_send],
            Wish::LogIn => [text.link, text.link_lead, text.link_send],
        }
    }

    fn email_field(&self) -> Field<'_> {
        let field = Field::text(self.page, &self.faults, "mailed", "email", self.page.text.form.email, "email");
        field.email().value(self.email).first(self.faults.is_empty())
    }
}

pub(super) const FORGOT: &str = "/password/forgot";
pub(super) const LINK: &str = "/login/mail";
