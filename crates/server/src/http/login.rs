use std::sync::Arc;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokenry_domain::authority::{Context, Granted, LoggedIn, Login, Logout};
use tokenry_domain::cookie::Cookie;
use tokenry_domain::session::Method;
use utoipa::ToSchema;

use super::answer::Answer;
use super::body::Json;
use super::client::Caller;
use super::cookie;
use super::problem::ApiError;
use super::views::{CookieWithUser, NO_STORE, PairOrCookie, PairWithUser};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(super) struct Request {
    /// A username or an e-mail address.
    identifier: String,
    /// The password.
    password: String,
    /// How the session is carried.
    #[serde(default)]
    #[schema(value_type = String, example = "token")]
    method: Method,
}

/// Log in with id and password.
///
/// An unknown identifier and a wrong password are answered the same. With `method: "cookie"` the session is carried by a
/// cookie; a cookie that the request brought along is ended.
#[utoipa::path(
    post, path = "/v1/login", tag = "Log-in", request_body = Request,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the session keyed")),
    responses(
        (status = 200, description = "Logged in: a token pair and the user, or a cookie and its session",
         body = PairOrCookie),
        super::openapi::Refused,
    ),
)]
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    uri: Uri,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> Result<Response, ApiError> {
    let Request { identifier, password, method } = request;
    // Not to be fooled by a cookie that someone else has planted: a log-in never goes on with one.
    let old = match method {
        Method::Cookie => cookie::read(&app, &axum::http::Method::POST, &uri, &headers)?,
        Method::Token => None,
    };
    let done = app.authority.login(Login { identifier, password, method }, &context).await;
    app.metrics.login(done.is_ok());
    Ok(answer(&app, done?, old, &context).await)
}

/// What carries the session, and whose it is. A cookie that the request brought along is ended.
pub(super) async fn answer(app: &App, done: LoggedIn, old: Option<Cookie>, context: &Context) -> Response {
    let LoggedIn { user, granted } = done;
    match granted {
        Granted::Tokens(tokens) => {
            (NO_STORE, Answer(PairOrCookie::Pair(PairWithUser::new(tokens, &user)))).into_response()
        }
        Granted::Cookie(cookie, session) => {
            if let Some(old) = old {
                // One that is unknown or over needs no end.
                let _ = app.authority.logout(Logout::Cookie(old), context).await;
            }
            let header = [(SET_COOKIE, cookie::set(app, &cookie, &session, app.authority.now()))];
            (NO_STORE, header, Answer(PairOrCookie::Cookie(CookieWithUser::new(&session, &user, app.authority.now()))))
                .into_response()
        }
    }
}
