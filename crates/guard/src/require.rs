use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::claims::{Authenticated, has_role};
use crate::layer::{Answering, GuardBody};
use crate::{Refusal, problem};

/// A layer for a route behind [`Guard::layer`](crate::Guard::layer): only tokens with this scope.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::{get, post}};
/// # let guard = tokenry_guard::testing::Issuer::new("orders").guard();
/// let app: Router = Router::new()
///     .route("/orders", get(async || "orders"))
///     .route("/orders", post(async || "ordered").layer(tokenry_guard::require_scope("orders:write")))
///     .layer(guard.layer());
/// # }
/// ```
pub fn require_scope(scope: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Arc::new(Need { token: true, scopes: vec![scope.into()], roles: Vec::new() }))
}

/// A layer for a route behind [`Guard::layer`](crate::Guard::layer): only users with this role.
pub fn require_role(role: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Arc::new(Need { token: true, scopes: Vec::new(), roles: vec![role.into()] }))
}

/// See [`require_scope`] and [`require_role`].
#[derive(Clone, Debug)]
pub struct RequireLayer(Arc<Need>);

/// A service behind a [`RequireLayer`].
#[derive(Clone, Debug)]
pub struct Require<S> {
    inner: S,
    need: Arc<Need>,
}

/// What a request must bring.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    pub(crate) token: bool,
    pub(crate) scopes: Vec<Cow<'static, str>>,
    pub(crate) roles: Vec<Cow<'static, str>>,
}

impl Need {
    pub(crate) fn check(&self, claims: Option<&tokenry_jwt::Claims>) -> Result<(), Refusal> {
        let Some(claims) = claims else {
            return if self.token { Err(Refusal::Missing) } else { Ok(()) };
        };
        if let Some(scope) = self.scopes.iter().find(|scope| !claims.has_scope(scope)) {
            return Err(Refusal::Scope(scope.clone()));
        }
        match self.roles.iter().find(|role| !has_role(claims, role)) {
            Some(role) => Err(Refusal::Role(role.clone())),
            None => Ok(()),
        }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require { inner, need: Arc::clone(&self.0) }
    }
}

impl<S, B, R> Service<Request<B>> for Require<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<GuardBody<R>>;
    type Error = S::Error;
    type Future = Answering<S::Future, R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let checked = match request.extensions().get::<Authenticated>() {
            Some(Authenticated { claims, guard }) => guard.note(self.need.check(claims.as_ref())),
            None => Err(Refusal::no_layer(request.uri().path())),
        };
        match checked {
            Ok(()) => Answering::inner(self.inner.call(request)),
            Err(refusal) => Answering::refused(Box::new(problem::answer(&refusal, request.headers()))),
        }
    }
}
