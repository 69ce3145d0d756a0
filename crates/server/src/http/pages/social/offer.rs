use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use tokenry_domain::error::Error;
use tokenry_domain::pending::{AppRequest, Offer};
use url::{Url, form_urlencoded};

use super::{OFFER, app_address, parameters, to_app};
use crate::App;
use crate::http::pages::Page;
use crate::http::pages::form::Form;
use crate::http::pages::visitor::{self, Visitor};
use crate::http::problem::{ApiError, table};
use crate::http::ticket::Ticket;

/// The form: which offer is accepted. The offer itself is the browser's cookie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    offer: String,
}

#[derive(Template)]
#[template(path = "offer.html")]
struct OfferPage<'a> {
    page: &'a Page,
    tag: &'a str,
    provider: &'a str,
    /// The person at the provider.
    label: &'a str,
    /// The account's name, if its user is here and may confirm.
    account: Option<&'a str>,
    /// Someone else is here.
    other: Option<&'a str>,
    /// Where to log in first.
    log_in: String,
    /// Where it goes on without.
    decline: String,
}

#[derive(Template)]
#[template(path = "excuse.html")]
struct Gone<'a> {
    page: &'a Page,
    message: &'a str,
    again: String,
}

/// Shows what is offered. Looking at it links nothing.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = parameters(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let tag = asked.get("offer").map(String::as_str).unwrap_or_default();
    let offer = match Ticket::Offer.read(&app, &headers, tag) {
        Some(secret) => app.authority.read_offer(&secret, &visitor.context).await,
        None => Err(Error::LinkUsed),
    };
    match offer {
        Ok(offer) => ask(&page, &visitor, tag, &offer, None),
        Err(error) => gone(&page, error),
    }
}

/// Links what is offered, when a page of this site has asked its account's user and they said yes.
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    headers: HeaderMap,
    Form(Accepted { offer: tag }): Form<Accepted>,
) -> Response {
    let Some(secret) = Ticket::Offer.read(&app, &headers, &tag) else { return gone(&page, Error::LinkUsed) };
    let offer = match app.authority.read_offer(&secret, &visitor.context).await {
        Ok(offer) => offer,
        Err(error) => return gone(&page, error),
    };
    let Some(caller) = visitor.caller.as_ref().filter(|caller| caller.user.id == offer.user) else {
        let error = ApiError::forbidden("it is offered to another account");
        return ask(&page, &visitor, &tag, &offer, Some(error));
    };
    match app.authority.accept_offer(&secret, caller, &visitor.context).await {
        Ok(linked) => {
            let account = || page.link("/account?notice=linked");
            let mut response = match &linked.code {
                Some((code, request)) => to_app(request, "code", code),
                None => page.go(&linked.way.return_to.unwrap_or_else(account)),
            };
            response.headers_mut().append(SET_COOKIE, Ticket::Offer.take_back(&app, &tag));
            response
        }
        Err(error) => gone(&page, error),
    }
}

fn ask(page: &Page, visitor: &Visitor, tag: &str, offer: &Offer, error: Option<ApiError>) -> Response {
    let here = visitor.caller.as_ref().map(|caller| &caller.user);
    let (own, other) = (here.filter(|user| user.id == offer.user), here.filter(|user| user.id != offer.user));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", &page.link(&format!("{OFFER}?offer={tag}")));
    let template = OfferPage {
        page,
        tag,
        provider: page.label_of(&offer.provider),
        label: &offer.label,
        account: own.map(visitor::name_of),
        other: other.map(visitor::name_of),
        log_in: page.link(&format!("/login?{}", query.finish())),
        decline: match &offer.way.app {
            Some(request) => app_address(request, "error", "access_denied"),
            None => page.link("/account"),
        },
    };
    let response = page.show(StatusCode::OK, &template);
    let response = match &offer.way.app {
        Some(request) => leading_to(request, response),
        None => response,
    };
    match error {
        Some(error) => page.with_status(error, response),
        None => response,
    }
}

/// Browsers hold a form's redirects against `form-action`: this form's answer may lead to the app that waits.
fn leading_to(request: &AppRequest, mut response: Response) -> Response {
    let source = Url::parse(&request.redirect_uri).ok().map(|url| match url.origin() {
        origin if origin.is_tuple() => origin.ascii_serialization(),
        _ => format!("{}:", url.scheme()),
    });
    let policy = response.headers().get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.zip(source).map(|(policy, source)| {
        let own = "form-action 'self'";
        policy.replacen(own, &format!("{own} {source}"), 1)
    });
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn gone(page: &Page, error: Error) -> Response {
    let text = &page.text.social;
    let message = match table(&error).1 {
        "identity_taken" => text.taken,
        "link_used" => text.not_offered,
        "forbidden" => text.too_many,
        _ => page.text.fault.unavailable_detail,
    };
    page.tell(error, &Gone { page, message, again: page.link("/account") })
}
