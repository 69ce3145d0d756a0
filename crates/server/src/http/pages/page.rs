use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded;

use super::asked::Asked;
use super::language::Language;
use super::texts::Texts;
use crate::App;
use crate::http::cookie::is_secure;
use crate::http::finish::RequestId;
use crate::http::problem::ApiError;

/// What `layout.html` needs: the language of this request, and where things are.
///
/// An extractor: a handler takes it, puts it into its template as `page`, and answers with [`Page::show`].
pub(crate) struct Page {
    app: Arc<App>,
    pub(crate) language: Language,
    pub(crate) text: &'static Texts,
    /// Names the request in the server's logs.
    pub(crate) request_id: String,
    /// Whether the language was chosen by this very request.
    is_choice: bool,
    /// The query without `lang`.
    query: String,
}

impl FromRequestParts<Arc<App>> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let mut chosen = None;
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "lang" => chosen = Language::from_tag(&value).or(chosen),
                _ => drop(query.append_pair(&name, &value)),
            }
        }
        let language = chosen.unwrap_or_else(|| Language::of(&parts.headers));
        let request_id = parts.extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok()).unwrap_or_default();
        Ok(Self {
            app: Arc::clone(app),
            language,
            text: language.texts(),
            request_id: request_id.to_owned(),
            is_choice: chosen.is_some(),
            query: query.finish(),
        })
    }
}

impl Page {
    /// Answers with a page.
    pub(crate) fn show(&self, status: StatusCode, template: &impl Template) -> Response {
        let html = match template.render() {
            Ok(html) => html,
            Err(error) => {
                return ApiError::from(tokenry_domain::Error::Internal(error.to_string())).into_response();
            }
        };
        let mut response = (status, HEADERS, html).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&self.app.kit.policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        if self.is_choice
            && let Some(cookie) = self.language.remember(is_secure(&self.app))
        {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }

    /// Answers with a page that says what `error` is.
    pub(crate) fn tell(&self, error: impl Into<ApiError>, template: &impl Template) -> Response {
        self.with_status(error, self.show(StatusCode::OK, template))
    }

    /// Gives a page that says what `error` is the error's status and headers.
    pub(crate) fn with_status(&self, error: impl Into<ApiError>, page: Response) -> Response {
        error.into().with_page(page)
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// Sends the browser on after a form was dealt with.
    pub(crate) fn go(&self, address: &str) -> Response {
        Redirect::to(address).into_response()
    }

    /// Where a log-in leads.
    pub(crate) fn destination(&self, asked: &Asked) -> String {
        match &asked.return_to {
            Some(return_to) => return_to.as_str().to_owned(),
            None => self.link("/account"),
        }
    }

    /// The address of one of our pages.
    pub(crate) fn link(&self, path: &str) -> String {
        match (self.app.kit.base.as_str(), path) {
            ("", path) => path.to_owned(),
            // A router that is nested at a path answers there, and not at the path with a slash.
            (base, "/") => base.to_owned(),
            (base, path) => format!("{base}{path}"),
        }
    }

    /// The address of a file in `assets`.
    pub(crate) fn asset(&self, name: &str) -> String {
        self.link(&self.app.kit.assets.path(name))
    }

    /// This page in another language.
    pub(crate) fn in_language(&self, language: &Language) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("?{}{separator}lang={}", self.query, language.tag())
    }

    /// Whether there is mail here.
    pub(crate) fn sends_mail(&self) -> bool {
        self.app.authority.settings().mail
    }

    /// The languages to choose from.
    pub(crate) fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    /// What the product is called.
    pub(crate) fn brand(&self) -> &str {
        &self.app.kit.name
    }

    /// The address of its picture.
    pub(crate) fn logo(&self) -> String {
        self.asset(self.app.kit.logo)
    }
}

/// `Origin` must survive a form's way back to us, so the referrer is kept within this origin and not left out.
const HEADERS: [(HeaderName, &str); 3] =
    [(CONTENT_TYPE, "text/html; charset=utf-8"), (REFERRER_POLICY, "same-origin"), (VARY, "accept-language, cookie")];
