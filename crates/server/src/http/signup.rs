use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokenry_domain::authority::{Granted, LoggedIn, Signup};
use tokenry_domain::error::Error;
use tokenry_domain::session::Method;
use utoipa::ToSchema;

use super::answer::Answer;
use super::body::Json;
use super::client::Caller;
use super::problem::ApiError;
use super::views::{NO_STORE, PairWithUser};
use crate::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Signup)]
pub(super) struct Request {
    /// The name to log in with; this or `email` is needed.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// 8 characters to 1,024 bytes, not easy to guess.
    password: String,
}

/// Make an account and log in.
#[utoipa::path(
    post, path = "/v1/signup", tag = "Log-in", request_body = Request,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the session keyed")),
    responses((status = 201, description = "Signed up", body = PairWithUser), super::openapi::Refused),
)]
pub(super) async fn signup(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(request): Json<Request>,
) -> Result<impl IntoResponse, ApiError> {
    let Request { username, email, password } = request;
    let signup = Signup { username, email, password, method: Method::Token };
    let LoggedIn { user, granted } = app.authority.signup(signup, &context).await?;
    app.metrics.signups.inc();
    match granted {
        Granted::Tokens(tokens) => Ok((StatusCode::CREATED, NO_STORE, Answer(PairWithUser::new(tokens, &user)))),
        Granted::Cookie(..) => Err(Error::Internal("a cookie where tokens were asked for".to_owned()).into()),
    }
}
