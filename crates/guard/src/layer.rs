use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::claims::Authenticated;
use crate::guard::Verdict;
use crate::policy::Policies;
use crate::require::Need;
use crate::{Guard, Policy, Refusal, authorization, problem};

/// Finds out who calls: see [`Guard::layer`]. For axum, tonic, and anything on Tower.
///
/// A caller that speaks gRPC is refused with a status of gRPC, and the code in the metadata `tokenry-code`.
#[derive(Clone)]
pub struct GuardLayer(Arc<Settings>);

/// In one place: a server clones its layers for every request.
#[derive(Clone)]
struct Settings {
    guard: Guard,
    policies: Policies,
    need: Need,
}

/// A service behind a [`GuardLayer`].
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    layer: GuardLayer,
}

/// The body of an answer: the service's own, or that of a refusal.
pub type GuardBody<R> = Either<R, Full<Bytes>>;

impl GuardLayer {
    pub(crate) fn new(guard: Guard, policies: Policies) -> Self {
        Self(Arc::new(Settings { guard, policies, need: Need::default() }))
    }

    /// Refuses requests without a token, too.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.settings().need.token = true;
        self
    }

    /// Lets only tokens with this scope through; may be called for several.
    #[must_use]
    pub fn require_scope(mut self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.settings().need.scopes.push(scope.into());
        self.required()
    }

    /// Lets only users with this role through; may be called for several.
    #[must_use]
    pub fn require_role(mut self, role: impl Into<Cow<'static, str>>) -> Self {
        self.settings().need.roles.push(role.into());
        self.required()
    }

    /// What happens here while revocations are stale. Where layers are nested, the strictest decides.
    #[must_use]
    pub fn when_stale(mut self, policy: Policy) -> Self {
        self.settings().policies.stale = policy;
        self
    }

    /// What happens here while revocations are cold. Where layers are nested, the strictest decides.
    #[must_use]
    pub fn when_cold(mut self, policy: Policy) -> Self {
        self.settings().policies.cold = policy;
        self
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.0)
    }
}

impl Settings {
    /// Lets the request through with what is known about its caller.
    fn admit<B>(
        &self,
        request: &mut Request<B>,
        claims: Result<Option<tokenry_jwt::Claims>, Refusal>,
    ) -> Result<(), Box<Response<Bytes>>> {
        let checked = claims.and_then(|claims| self.need.check(claims.as_ref()).map(|()| claims));
        match self.guard.note(checked) {
            Ok(claims) => {
                request.extensions_mut().insert(Authenticated { claims, guard: self.guard.clone() });
                Ok(())
            }
            Err(refusal) => Err(Box::new(problem::answer(&refusal, request.headers()))),
        }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, layer: self.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<GuardBody<R>>;
    type Error = S::Error;
    type Future = Answering<S::Future, R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let layer = &*self.layer.0;
        let known = match authorization::bearer(request.headers()) {
            Err(refusal) => Err(refusal),
            Ok(None) => Ok(None),
            Ok(Some(token)) => match layer.guard.begin(token, layer.policies) {
                Verdict::Known(result) => result.map(Some),
                Verdict::AfterFetch(fetch) => {
                    let finish = layer.guard.finish(token, layer.policies, fetch);
                    let layer = Arc::clone(&self.layer.0);
                    // The clone is not ready; the one that is, is called.
                    let clone = self.inner.clone();
                    let mut inner = std::mem::replace(&mut self.inner, clone);
                    return Answering::waiting(async move {
                        match layer.admit(&mut request, finish.await.map(Some)) {
                            Ok(()) => inner.call(request).await.map(|answer| answer.map(Either::Left)),
                            Err(answer) => Ok(answer.map(|body| Either::Right(Full::new(body)))),
                        }
                    });
                }
            },
        };
        match layer.admit(&mut request, known) {
            Ok(()) => Answering::inner(self.inner.call(request)),
            Err(answer) => Answering::refused(answer),
        }
    }
}

impl fmt::Debug for GuardLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { policies, need, .. } = &*self.0;
        f.debug_struct("GuardLayer").field("policies", policies).field("need", need).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}

type Waiting<R, E> = Pin<Box<dyn Future<Output = Result<Response<GuardBody<R>>, E>> + Send>>;

pin_project! {
    /// The future of a service behind a layer of this crate.
    pub struct Answering<F, R, E> {
        #[pin]
        step: Step<F, R, E>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F, R, E> {
        Inner { #[pin] future: F },
        Refused { answer: Option<Box<Response<Bytes>>> },
        Waiting { future: Waiting<R, E> },
    }
}

impl<F, R, E> Answering<F, R, E> {
    pub(crate) fn inner(future: F) -> Self {
        Self { step: Step::Inner { future } }
    }

    pub(crate) fn refused(answer: Box<Response<Bytes>>) -> Self {
        Self { step: Step::Refused { answer: Some(answer) } }
    }

    fn waiting(future: impl Future<Output = Result<Response<GuardBody<R>>, E>> + Send + 'static) -> Self {
        Self { step: Step::Waiting { future: Box::pin(future) } }
    }
}

impl<F, R, E> Future for Answering<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<GuardBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().step.project() {
            StepProjection::Inner { future } => {
                future.poll(context).map(|answer| answer.map(|it| it.map(Either::Left)))
            }
            StepProjection::Waiting { future } => future.as_mut().poll(context),
            StepProjection::Refused { answer } => match answer.take() {
                Some(answer) => Poll::Ready(Ok(answer.map(|body| Either::Right(Full::new(body))))),
                // It was polled after its end.
                None => Poll::Pending,
            },
        }
    }
}
