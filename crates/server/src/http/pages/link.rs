//! The pages that links in mails lead to. Opening one changes nothing, whoever opens it; its button does.
//!
//! The token stands in the query, so that the page works without a script. It goes nowhere else: no request that the
//! page makes names it, and no log holds a query.

mod words;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, REFERRER_POLICY};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use tokenry_domain::Error;
use tokenry_domain::one_time::Purpose;
use tokenry_domain::session::Method;

use self::words::Words;
use super::Page;
use super::faults::Faults;
use super::field::Field;
use super::form::Form;
use super::visitor::Visitor;
use crate::App;
use crate::http::problem::table;
use crate::mail::path;

pub(super) fn router() -> Router<Arc<App>> {
    Purpose::ALL.into_iter().fold(Router::new(), |router, purpose| {
        let show = async move |app, page, visitor, query| show(purpose, app, page, visitor, query).await;
        let press = async move |app, page, visitor, form| press(purpose, app, page, visitor, form).await;
        router.route(path(purpose), get(show).post(press))
    })
}

#[derive(Deserialize)]
struct Opened {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pressed {
    token: String,
    #[serde(default)]
    new_password: String,
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'a> {
    page: &'a Page,
    words: &'static Words,
    /// This page's path.
    path: &'static str,
    button: Option<Button<'a>>,
    message: Option<&'static str>,
    faults: Faults,
}

/// What a link needs that can be used.
struct Button<'a> {
    token: &'a str,
    /// The address that the link was sent to.
    email: &'a str,
    takes_password: bool,
}

async fn show(
    purpose: Purpose,
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    query: Result<Query<Opened>, QueryRejection>,
) -> Response {
    let Ok(Query(Opened { token })) = query else { return refused(&page, purpose, Error::LinkInvalid) };
    offer(purpose, &app, &page, &visitor, &token, Faults::default()).await
}

async fn press(
    purpose: Purpose,
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Form(Pressed { token, new_password }): Form<Pressed>,
) -> Response {
    let (authority, context) = (&app.authority, &visitor.context);
    let done = match purpose {
        Purpose::VerifyEmail => authority.verify_email(&token, visitor.caller.as_ref(), context).await.map(drop),
        Purpose::ResetPassword => authority.reset_password(&token, new_password, context).await,
        Purpose::ChangeEmail => authority.change_email(&token, visitor.caller.as_ref(), context).await.map(drop),
        Purpose::NotMe => authority.not_me(&token, context).await,
        Purpose::LogIn => match authority.log_in_by_link(&token, Method::Cookie, context).await {
            Ok(done) => return visitor.enter(&page, done, &page.link("/account")).await,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => {
            let message = Some(Words::of(purpose, page.language).done);
            without_referrer(page.show(StatusCode::OK, &template(&page, purpose, None, message, Faults::default())))
        }
        Err(error) => match Faults::told(page.text, "link", &["new_password"], &error) {
            Some(faults) if !faults.is_wait => {
                let again = offer(purpose, &app, &page, &visitor, &token, faults).await;
                page.with_status(error, again)
            }
            _ => refused(&page, purpose, error),
        },
    }
}

/// The page with its button, if the link can be used.
async fn offer(purpose: Purpose, app: &App, page: &Page, visitor: &Visitor, token: &str, faults: Faults) -> Response {
    match app.authority.read_link(token, purpose, &visitor.context).await {
        Ok(email) => {
            let takes_password = purpose == Purpose::ResetPassword;
            let button = Button { token, email: email.display(), takes_password };
            without_referrer(page.show(StatusCode::OK, &template(page, purpose, Some(button), None, faults)))
        }
        Err(error) => refused(page, purpose, error),
    }
}

fn refused(page: &Page, purpose: Purpose, error: Error) -> Response {
    let message = Some(words::refusal(table(&error).1, page.language));
    without_referrer(page.tell(error, &template(page, purpose, None, message, Faults::default())))
}

fn template<'a>(
    page: &'a Page,
    purpose: Purpose,
    button: Option<Button<'a>>,
    message: Option<&'static str>,
    faults: Faults,
) -> LinkPage<'a> {
    LinkPage { page, words: Words::of(purpose, page.language), path: path(purpose), button, message, faults }
}

/// The origin goes along with requests, which a form needs; the query that holds the token does not.
fn without_referrer(mut response: Response) -> Response {
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}

impl LinkPage<'_> {
    fn password_field(&self) -> Field<'_> {
        let form = &self.page.text.form;
        let field = Field::password(self.page, &self.faults, "link", "new_password", form.new_password, "new-password");
        field.hint(form.password_hint).first(self.faults.is_empty())
    }
}
