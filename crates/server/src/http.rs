//! The wire: one router that the binary serves and that any axum application can nest.

mod admin;
mod answer;
mod bearer;
mod body;
mod client;
mod cookie;
mod debugger;
mod finish;
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
mod path;
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
use axum::handler::Handler;
use axum::routing::{MethodRouter, get};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::HttpMethod;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::{PathItemExt as _, paste, routes};

use crate::App;

pub(crate) use operations::METRICS_TYPE;
pub(crate) use pages::{Kit, PATHS as PAGES};

/// All calls and pages of `app`.
pub(crate) fn router(app: Arc<App>) -> Router {
    let cors = headers::cors(&app.config.server.cors_origins.0);
    let finish = finish::Finish(Arc::clone(&app));
    // Outside of CORS: no page of another origin reads links that log in.
    let outbox = get(outbox::show).fallback(problem::no_such_method);
    let outbox = Router::new().route("/dev/outbox", outbox).layer(finish.clone());
    routed()
        .merge(pages::router())
        .merge(playground::router(&app))
        .merge(debugger::router())
        .route("/openapi.json", get(openapi::serve))
        .fallback(pages::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        // At once: each call of `layer` puts every request into boxes of its own.
        .layer((finish, cors, CatchPanicLayer::custom(problem::panicked), body::Bounded))
        .merge(outbox)
        .with_state(app)
}

/// Each call once: `routed` answers it, `described` tells of it. The description is large, and made when someone asks
/// for it.
macro_rules! calls {
    ($($module:ident::$handler:ident),+ $(,)?) => {
        fn routed() -> Router<Arc<App>> {
            let router = Router::new();
            $(let router = paste! { route::<$module::[<__path_ $handler>], _, _>(router, $module::$handler) };)+
            router
        }

        fn described() -> OpenApiRouter<Arc<App>> {
            OpenApiRouter::with_openapi(openapi::base())$(.routes(routes!($module::$handler)))+
        }
    };
}

calls!(
    signup::signup,
    login::login,
    refresh::refresh,
    logout::logout,
    me::show,
    me::change,
    me::delete,
    me::change_password,
    links::request_verification,
    links::verify_email,
    links::request_email_change,
    links::change_email,
    links::request_reset,
    links::reset_password,
    links::request_login_link,
    links::log_in,
    links::not_me,
    social::list,
    social::exchange,
    social::identities,
    social::unlink,
    social::notice,
    social::notice_by_query,
    sessions::list,
    sessions::end_others,
    sessions::end,
    verify::verify,
    introspect::introspect,
    revocations::revocations,
    admin::list,
    admin::create,
    admin::show,
    admin::change,
    admin::delete,
    admin::sessions,
    admin::end_sessions,
    well_known::jwks,
    well_known::metadata,
    operations::health,
    operations::ready,
    operations::metrics,
);

/// Adds a call where its description says that it is.
fn route<P, H, T>(router: Router<Arc<App>>, handler: H) -> Router<Arc<App>>
where
    P: utoipa::Path,
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let add = |router: MethodRouter<_, _>, method: &HttpMethod| router.on(method.to_method_filter(), handler.clone());
    router.route(&P::path(), P::methods().iter().fold(MethodRouter::new(), add))
}

/// The `code` of an error, as the wire has it.
pub(crate) fn code(error: &tokenry_domain::Error) -> &'static str {
    problem::table(error).1
}
