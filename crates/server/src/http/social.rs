//! Log-in by way of a provider, for programs: what there is, a code's exchange, an account's identities, and what
//! providers tell.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokenry_domain::error::Error;
use tokenry_domain::identity::{Identity, Person};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::bearer::LoggedIn;
use super::body::Json;
use super::client::Caller;
use super::login;
use super::pages::Language;
use super::path::Path;
use super::problem::ApiError;
use super::views::NO_STORE;
use crate::App;
use crate::social::{NoticeKind, Provider, SocialError};

/// The providers that one may log in with.
#[derive(Serialize, ToSchema)]
pub(super) struct Providers {
    providers: Vec<ProviderView>,
}

/// A provider that one may log in with.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
struct ProviderView {
    /// Its name in paths.
    name: String,
    /// What people call it, in the language of `Accept-Language`.
    label: String,
    /// Where a browser is sent to log in with it.
    start: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeExchange {
    /// What `redirect_uri` was called with.
    code: String,
    /// What `code_challenge` was made of (RFC 7636 section 4.5).
    code_verifier: String,
    /// The address that the code was sent to.
    redirect_uri: String,
}

/// An account's identities, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Identities {
    identities: Vec<IdentityView>,
}

/// Who the account's user is at a provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
struct IdentityView {
    /// Its identifier here.
    id: String,
    /// The provider's name.
    provider: String,
    /// What people call the provider.
    provider_label: String,
    /// The user's address or name there, when it was linked.
    label: String,
    /// The provider's issuer.
    issuer: String,
    /// The user's identifier there.
    subject: String,
    /// When it was linked, in seconds since 1970.
    created_at: i64,
}

/// The providers that one may log in with.
#[utoipa::path(
    get, path = "/v1/social", tag = "Social log-in",
    responses((status = 200, description = "The providers", body = Providers), super::openapi::Refused),
)]
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> impl IntoResponse {
    let is_korean = Language::of(&headers) == Language::Korean;
    let issuer = app.authority.settings().issuer.trim_end_matches('/');
    let view = |provider: &Provider| ProviderView {
        name: provider.name().to_owned(),
        label: provider.label(is_korean).to_owned(),
        start: format!("{issuer}/social/{}", provider.name()),
    };
    Answer(Providers { providers: app.social.all().map(view).collect() })
}

/// Exchange an app's code for a token pair.
///
/// An app opens `start` in the system's browser with `redirect_uri`, `code_challenge`, `code_challenge_method=S256` and
/// `state`, and gets `code` and `state` at `redirect_uri`, or `error`. A code works once, within 60 seconds; a wrong
/// verifier spends it.
#[utoipa::path(
    post, path = "/v1/social/token", tag = "Social log-in", request_body = CodeExchange,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the session keyed")),
    responses(
        (status = 200, description = "Logged in: a token pair and the user", body = super::views::PairWithUser),
        super::openapi::Refused,
    ),
)]
pub(super) async fn exchange(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Json(CodeExchange { code, code_verifier, redirect_uri }): Json<CodeExchange>,
) -> Result<Response, ApiError> {
    let (code, verifier) = (Zeroizing::new(code), Zeroizing::new(code_verifier));
    let done = app.authority.redeem_code(&code, &verifier, &redirect_uri, &context).await;
    app.metrics.login(done.is_ok());
    Ok(login::answer(&app, done?, None, &context).await)
}

/// The caller's identities at providers.
#[utoipa::path(
    get, path = "/v1/me/identities", tag = "Social log-in", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The identities", body = Identities), super::openapi::Refused),
)]
pub(super) async fn identities(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let is_korean = Language::of(&headers) == Language::Korean;
    let view = |identity: Identity| {
        let provider = app.social.find(&identity.provider);
        IdentityView {
            id: identity.id.to_string(),
            provider_label: provider.map_or(identity.provider.as_str(), |one| one.label(is_korean)).to_owned(),
            provider: identity.provider,
            label: identity.label,
            issuer: identity.person.issuer,
            subject: identity.person.subject,
            created_at: identity.created_at.seconds(),
        }
    };
    let identities = app.authority.identities(caller.user.id).await?;
    Ok((NO_STORE, Answer(Identities { identities: identities.into_iter().map(view).collect() })))
}

/// Unlink one of the caller's identities. The sessions that began with it end, except the caller's own.
///
/// The last way to log in stays: `last_way_in`.
#[utoipa::path(
    delete, path = "/v1/me/identities/{id}", tag = "Social log-in", security(("bearer" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "The identity")),
    responses((status = 204, description = "Unlinked"), super::openapi::Refused),
)]
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    LoggedIn(caller): LoggedIn,
    Caller(context): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| Error::NotFound("identity"))?;
    app.authority.unlink(&caller, id, &context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For providers: tell that a person has withdrawn their consent, or is gone.
///
/// The sessions that began with the person's identity end. What shows that the provider sent it is the provider's own.
#[utoipa::path(
    post, path = "/social/{provider}/notice", tag = "Social log-in",
    params(("provider" = String, Path, description = "The provider's name")),
    request_body(content = String, description = "As the provider writes it"),
    responses((status = 200, description = "Heard"), super::openapi::Refused),
)]
pub(super) async fn notice(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    hear(&app, &context, &name, &headers, &body).await
}

/// For providers that tell it by a query.
#[utoipa::path(
    get, path = "/social/{provider}/notice", tag = "Social log-in",
    params(("provider" = String, Path, description = "The provider's name")),
    responses((status = 200, description = "Heard"), super::openapi::Refused),
)]
pub(super) async fn notice_by_query(
    State(app): State<Arc<App>>,
    Caller(context): Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    hear(&app, &context, &name, &headers, query.unwrap_or_default().as_bytes()).await
}

async fn hear(
    app: &App,
    context: &tokenry_domain::authority::Context,
    name: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<StatusCode, ApiError> {
    let provider = app.social.find(name).ok_or(Error::NotFound("provider"))?;
    let notices = provider.notice(headers, body, app.authority.now().seconds()).await.map_err(|error| {
        tracing::warn!(provider = name, %error, "a notice was not believed");
        match error {
            SocialError::Slow | SocialError::Unreachable(_) => Error::Unavailable(error.to_string()).into(),
            error => ApiError::new(StatusCode::BAD_REQUEST, error.name(), "the notice is not one of the provider's"),
        }
    })?;
    for notice in notices {
        let person = Person { issuer: notice.issuer, subject: notice.subject };
        app.authority.withdraw(&person, notice.what == NoticeKind::Deleted, context).await?;
    }
    Ok(StatusCode::OK)
}
