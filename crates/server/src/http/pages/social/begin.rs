use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use tokenry_domain::error::Error;
use tokenry_domain::pending::{AppRequest, Way, is_challenge};

use super::excuse::Excuse;
use super::{parameters, redirect_uri, to_app};
use crate::App;
use crate::http::pages::Page;
use crate::http::pages::return_to::ReturnTo;
use crate::http::pages::visitor::Visitor;
use crate::http::path::Path;
use crate::http::problem::ApiError;
use crate::http::ticket::{Ticket, tag};
use crate::social::Ask;

/// Sends a browser to a provider. Whatever this begins, nothing is linked by it alone: an offer follows.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    page: Page,
    visitor: Visitor,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(provider) = app.social.find(&name) else { return page.refuse(Error::NotFound("provider")) };
    let Some(asked) = parameters(query.unwrap_or_default().as_bytes()) else {
        return page.refuse(ApiError::invalid_request("a parameter stands there twice"));
    };
    let linking = match (asked.contains_key("link"), &visitor.caller) {
        (false, _) => None,
        (true, Some(caller)) => Some(caller.user.id),
        (true, None) => return page.go(&page.link(&format!("/login?return_to={}", page.link("/account")))),
    };
    let requested = match app_request(&app, &asked) {
        Ok(request) => request,
        Err(Asking::Refused(detail)) => return page.refuse(ApiError::invalid_request(detail)),
        Err(Asking::ToldTo(request)) => return to_app(&request, "error", "invalid_request"),
    };
    let return_to = asked.get("return_to").and_then(|text| ReturnTo::parse(&app, text));
    let way = Way { return_to: return_to.map(|address| address.as_str().to_owned()), app: requested };
    let departure = match app.authority.depart(&name, way.clone(), linking, &visitor.context).await {
        Ok(departure) => departure,
        Err(error) => return Excuse::of(error, &page, way).show(),
    };
    let redirect_uri = redirect_uri(&app, &name);
    let ask = Ask {
        redirect_uri: &redirect_uri,
        state: &departure.state,
        nonce: &departure.nonce,
        challenge: &departure.challenge,
    };
    match provider.authorization_url(ask).await {
        Ok(address) => {
            let ticket = Ticket::Departure { posts_back: provider.posts_back() };
            let cookie = ticket.hand_out(&app, &tag(&departure.state), &departure.verifier);
            let mut response = page.go(address.as_str());
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Err(error) => Excuse::of_provider(&error, &name, &page, way).show(),
    }
}

/// Why an app gets no code.
enum Asking {
    /// Its address is not listed: nothing is sent there (RFC 6749 section 4.1.2.1).
    Refused(&'static str),
    /// The rest is wrong, which it is told.
    ToldTo(AppRequest),
}

/// What an app asks for, if it is one that asks (RFC 7636 section 4.3).
fn app_request(app: &App, asked: &BTreeMap<String, String>) -> Result<Option<AppRequest>, Asking> {
    let Some(redirect_uri) = asked.get("redirect_uri") else { return Ok(None) };
    if !app.config.apps.redirect_uris.contain(redirect_uri) {
        return Err(Asking::Refused("redirect_uri is not listed in apps.redirect_uris"));
    }
    let challenge = asked.get("code_challenge").cloned().unwrap_or_default();
    let is_s256 = asked.get("code_challenge_method").is_some_and(|method| method == "S256");
    let state = asked.get("state").cloned();
    let is_short = state.as_ref().is_none_or(|state| state.len() <= MOST_STATE_BYTES);
    let is_good = is_s256 && is_challenge(&challenge) && is_short;
    let request = AppRequest { redirect_uri: redirect_uri.clone(), challenge, state: state.filter(|_| is_short) };
    if is_good { Ok(Some(request)) } else { Err(Asking::ToldTo(request)) }
}

const MOST_STATE_BYTES: usize = 512;
