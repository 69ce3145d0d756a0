//! Log-in by way of a provider: to it and back, and the page on which an identity is linked.

mod back;
mod begin;
mod excuse;
mod offer;

use std::collections::BTreeMap;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tokenry_domain::identity::Identity;
use tokenry_domain::pending::AppRequest;
use url::{Url, form_urlencoded};

use super::Page;
use super::asked::Asked;
use crate::App;
use crate::social::Provider;

pub(super) fn router() -> Router<std::sync::Arc<App>> {
    Router::new()
        .route(BEGIN, get(begin::begin))
        .route(BACK, get(back::by_query).post(back::by_form))
        .route(OFFER, get(offer::show).post(offer::accept))
}

/// A provider as a button.
pub(crate) struct Choice {
    pub(super) href: String,
    pub(super) text: String,
}

impl Page {
    /// The providers that one may log in with.
    pub(super) fn choices(&self, asked: &Asked) -> Vec<Choice> {
        let choice = |provider: &Provider| Choice {
            href: self.link(&asked.along(&format!("/social/{}", provider.name()))),
            text: self.text.social.continue_with.replace("{}", self.label(provider)),
        };
        self.app().social.all().map(choice).collect()
    }

    /// The providers that none of these identities is at, to link one.
    pub(super) fn unlinked(&self, identities: &[Identity]) -> Vec<Choice> {
        let is_new = |provider: &&Provider| identities.iter().all(|one| one.provider != provider.name());
        let choice = |provider: &Provider| Choice {
            href: self.link(&format!("/social/{}?link", provider.name())),
            text: self.text.account.link_with.replace("{}", self.label(provider)),
        };
        self.app().social.all().filter(is_new).map(choice).collect()
    }

    /// What a provider is called.
    pub(super) fn label<'a>(&self, provider: &'a Provider) -> &'a str {
        provider.label(self.language == super::Language::Korean)
    }

    /// What the provider of that name is called, which may be configured no longer.
    pub(super) fn label_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.app().social.find(name).map_or(name, |provider| self.label(provider))
    }
}

/// Where the provider sends people back to.
fn redirect_uri(app: &App, provider: &str) -> String {
    format!("{}/social/{provider}/callback", app.authority.settings().issuer.trim_end_matches('/'))
}

/// Sends an app what it waits for (RFC 6749 section 4.1.2).
fn to_app(request: &AppRequest, name: &str, value: &str) -> Response {
    Redirect::to(&app_address(request, name, value)).into_response()
}

fn app_address(request: &AppRequest, name: &str, value: &str) -> String {
    // What is listed is a URL.
    let Ok(mut url) = Url::parse(&request.redirect_uri) else { return request.redirect_uri.clone() };
    url.query_pairs_mut().append_pair(name, value);
    if let Some(state) = &request.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}

/// The parameters of a query or a form; `None` when one comes twice (RFC 6749 section 3.1).
fn parameters(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(parameters)
}

pub(super) const BEGIN: &str = "/social/{provider}";
pub(super) const BACK: &str = "/social/{provider}/callback";
pub(super) const OFFER: &str = "/social/link";
