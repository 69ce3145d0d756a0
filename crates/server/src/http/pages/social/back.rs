use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::response::Response;
use tokenry_domain::authority::Arrived;
use tokenry_domain::error::Error;
use tokenry_domain::pending::Way;

use super::excuse::Excuse;
use super::{parameters, redirect_uri, to_app};
use crate::App;
use crate::http::pages::Page;
use crate::http::pages::form::is_form;
use crate::http::pages::visitor::Visitor;
use crate::http::path::Path;
use crate::http::problem::{self, ApiError};
use crate::http::ticket::{Ticket, tag};
use crate::social::{Back, Provider, SocialError};

/// A browser that a provider has sent back with a query.
pub(super) async fn by_query(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Path(name): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(provider) = app.social.find(&name) else { return page.refuse(Error::NotFound("provider")) };
    come_back(&app, page, visitor, provider, &headers, query.unwrap_or_default().as_bytes()).await
}

/// A browser that a provider's page has sent back with a form: the one form of another site that is read. What it can
/// do is what a query can do, in the browser that holds the attempt's verifier.
pub(super) async fn by_form(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(provider) = app.social.find(&name) else { return page.refuse(Error::NotFound("provider")) };
    if !provider.posts_back() {
        return page.refuse(problem::no_such_method().await);
    }
    if !is_form(&headers) {
        return page.refuse(ApiError::invalid_request("send a form"));
    }
    come_back(&app, page, visitor, provider, &headers, &body).await
}

async fn come_back(
    app: &App,
    page: Page,
    visitor: Visitor,
    provider: &Provider,
    headers: &HeaderMap,
    brought: &[u8],
) -> Response {
    let Some(brought) = parameters(brought) else {
        return page.refuse(ApiError::invalid_request("a parameter stands there twice"));
    };
    let state = brought.get("state").map(String::as_str).unwrap_or_default();
    let (ticket, tag) = (Ticket::Departure { posts_back: provider.posts_back() }, tag(state));
    // Without the browser's own secret the store is not even asked.
    let Some(verifier) = ticket.read(app, headers, &tag) else {
        return Excuse::of(Error::StateInvalid, &page, Way::default()).show();
    };
    let attempt = match app.authority.come_back(provider.name(), state, &verifier, &visitor.context).await {
        Ok(attempt) => attempt,
        Err(error) => return Excuse::of(error, &page, Way::default()).show(),
    };
    let redirect_uri = redirect_uri(app, provider.name());
    let asked = async {
        let code = code_of(provider, &brought)?;
        let back = Back {
            code,
            state,
            user: brought.get("user").map(String::as_str),
            redirect_uri: &redirect_uri,
            verifier: &verifier,
            nonce: &attempt.nonce,
            now: app.authority.now().seconds(),
        };
        provider.profile(back).await
    };
    let taken_back = ticket.take_back(app, &tag);
    let profile = match asked.await {
        Ok(profile) => profile,
        Err(error) => {
            let excuse = Excuse::of_provider(&error, provider.name(), &page, attempt.way);
            return with_cookie(excuse.show(), taken_back);
        }
    };
    let arrived = app.authority.arrive(&profile, &attempt, &visitor.context).await;
    app.metrics.login(arrived.is_ok());
    if let Ok(Arrived::LoggedIn { is_new: true, .. } | Arrived::Code { is_new: true, .. }) = &arrived {
        app.metrics.signups.inc();
    }
    let account = |is_new| page.link(if is_new { "/account?notice=welcome" } else { "/account" });
    let response = match arrived {
        Ok(Arrived::LoggedIn { done, is_new }) => {
            let address = attempt.way.return_to.unwrap_or_else(|| account(is_new));
            visitor.enter(&page, *done, &address).await
        }
        Ok(Arrived::Code { code, request, .. }) => to_app(&request, "code", &code),
        Ok(Arrived::Offered(secret)) => {
            let offer = crate::http::ticket::tag(&secret);
            let response = page.go(&page.link(&format!("/social/link?offer={offer}")));
            with_cookie(response, Ticket::Offer.hand_out(app, &offer, &secret))
        }
        Ok(Arrived::LinkedBefore) => page.go(&page.link("/account?notice=linked")),
        Err(error) => Excuse::of(error, &page, attempt.way).show(),
    };
    with_cookie(response, taken_back)
}

/// The code that the provider sent along, or why there is none.
fn code_of<'a>(provider: &Provider, brought: &'a BTreeMap<String, String>) -> Result<&'a str, SocialError> {
    // RFC 9207 section 2.4: an answer that names another issuer is another's.
    if brought.get("iss").is_some_and(|issuer| !provider.is_issuer(issuer)) {
        return Err(SocialError::BadAnswer("the answer names another issuer".to_owned()));
    }
    match (brought.get("error"), brought.get("code")) {
        (Some(error), _) => Err(SocialError::sent_back(error)),
        (None, Some(code)) if !code.is_empty() => Ok(code),
        _ => Err(SocialError::BadAnswer("there is no code".to_owned())),
    }
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
