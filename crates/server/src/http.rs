//! The wire: one router that the binary serves and that any axum application can nest.

mod admin;
mod bearer;
mod body;
mod client;
mod cookie;
mod debugger;
mod headers;
mod introspect;
mod links;
mod login;
mod logout;
mod me;
mod openapi;
mod operations;
mod outbox;
mod pages;
mod playground;
mod problem;
mod refresh;
mod revocations;
mod sessions;
mod signup;
mod social;
mod ticket;
mod verify;
mod views;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(crate) use operations::METRICS_TYPE;
pub(crate) use pages::{Kit, PATHS as PAGES};

/// All calls and pages of `app`.
pub(crate) fn router(app: Arc<App>) -> Router {
    // Its description is made when someone asks for it.
    let (calls, _) = calls().split_for_parts();
    let cors = headers::cors(&app.config.server.cors_origins.0);
    calls
        .merge(pages::router())
        .merge(playground::router(&app))
        .merge(debugger::router())
        .route("/openapi.json", get(openapi::serve))
        .fallback(pages::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        // At once: each call of `layer` puts every request into boxes of its own.
        .layer((cors, CatchPanicLayer::custom(problem::panicked), body::Bounded))
        // Outside of CORS: no page of another origin reads links that log in.
        .route("/dev/outbox", get(outbox::show).fallback(problem::no_such_method))
        .layer(problem::Finish(Arc::clone(&app)))
        .with_state(app)
}

fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(signup::signup))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::show, me::change, me::delete))
        .routes(routes!(me::change_password))
        .routes(routes!(links::request_verification))
        .routes(routes!(links::verify_email))
        .routes(routes!(links::request_email_change))
        .routes(routes!(links::change_email))
        .routes(routes!(links::request_reset))
        .routes(routes!(links::reset_password))
        .routes(routes!(links::request_login_link))
        .routes(routes!(links::log_in))
        .routes(routes!(links::not_me))
        .routes(routes!(social::list))
        .routes(routes!(social::exchange))
        .routes(routes!(social::identities))
        .routes(routes!(social::unlink))
        .routes(routes!(social::notice, social::notice_by_query))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
        .routes(routes!(verify::verify))
        .routes(routes!(introspect::introspect))
        .routes(routes!(revocations::revocations))
        .routes(routes!(admin::list, admin::create))
        .routes(routes!(admin::show, admin::change, admin::delete))
        .routes(routes!(admin::sessions, admin::end_sessions))
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::metadata))
        .routes(routes!(operations::health))
        .routes(routes!(operations::ready))
        .routes(routes!(operations::metrics))
}

/// The `code` of an error, as the wire has it.
pub(crate) fn code(error: &tokenry_domain::Error) -> &'static str {
    problem::table(error).1
}
