use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::playground;
use super::Page;
use crate::App;

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    page: &'a Page,
    issuer: &'a str,
    version: &'a str,
    has_playground: bool,
}

pub(super) async fn show(State(app): State<Arc<App>>, page: Page) -> Response {
    let issuer = app.authority.settings().issuer.trim_end_matches('/');
    let has_playground = playground::is_on(&app);
    page.show(StatusCode::OK, &Home { page: &page, issuer, version: env!("CARGO_PKG_VERSION"), has_playground })
}
