use askama::Template;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Page;
use crate::http::problem::{self, ApiError};

#[derive(Template)]
#[template(path = "fault.html")]
struct Fault<'a> {
    page: &'a Page,
    title: &'a str,
    detail: &'a str,
}

impl Page {
    /// Answers with a page that says what is wrong, where no form can.
    pub(crate) fn refuse(&self, error: impl Into<ApiError>) -> Response {
        let error = error.into();
        let text = &self.text.fault;
        let (title, detail) = match error.status() {
            StatusCode::NOT_FOUND => (text.not_found, text.not_found_detail),
            StatusCode::FORBIDDEN => (text.forbidden, text.forbidden_detail),
            status if status.is_client_error() => (text.invalid, text.invalid_detail),
            _ => (text.unavailable, text.unavailable_detail),
        };
        error.with_page(self.show(StatusCode::OK, &Fault { page: self, title, detail }))
    }
}

/// A path that does not exist: a page for who asks for pages, a problem for everyone else.
pub(crate) async fn no_such_path(method: Method, headers: HeaderMap, page: Page) -> Response {
    let error = problem::no_such_path().await;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match method.is_safe() && accept.contains("text/html") {
        true => page.refuse(error),
        false => error.into_response(),
    }
}
