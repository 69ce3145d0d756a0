use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::Response;
use tokenry_domain::account::User;
use tokenry_domain::authority::{Caller, Context, Granted, LoggedIn, Logout};
use tokenry_domain::cookie::Cookie;
use tokenry_domain::error::Error;
use tokenry_domain::name::{Email, Username};

use super::Page;
use crate::App;
use crate::http::{client, cookie};

/// Who looks at a page: the session cookie, and whose it is.
pub(crate) struct Visitor {
    app: Arc<App>,
    pub(crate) context: Context,
    /// Who is logged in.
    pub(crate) caller: Option<Caller>,
    cookie: Option<Cookie>,
    /// Whether a cookie came along that is no longer worth anything.
    pub(crate) has_ended: bool,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Ok(page) = Page::from_request_parts(parts, app).await;
        let client::Caller(context) =
            client::Caller::from_request_parts(parts, app).await.map_err(|error| page.refuse(error))?;
        // Forms look for themselves where they come from. A cookie that can't be read is as good as none.
        let read = cookie::read(app, &Method::GET, &parts.uri, &parts.headers);
        let mut visitor =
            Self { app: Arc::clone(app), context, caller: None, has_ended: read.is_err(), cookie: read.ok().flatten() };
        if let Some(cookie) = &visitor.cookie {
            match app.authority.authenticate_cookie(cookie, &visitor.context).await {
                Ok(caller) => visitor.caller = Some(caller),
                Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(page.refuse(error)),
                Err(_) => visitor.has_ended = true,
            }
        }
        Ok(visitor)
    }
}

impl Visitor {
    /// Gives the browser the cookie of a session that has begun, and goes to `address`.
    ///
    /// A log-in never goes on with the cookie that came along: someone else may have planted it.
    pub(crate) async fn enter(self, page: &Page, done: LoggedIn, address: &str) -> Response {
        let Granted::Cookie(granted, session) = done.granted else {
            return page.refuse(Error::Internal("tokens where a cookie was asked for".to_owned()));
        };
        if let Some(old) = self.cookie {
            // One that is unknown or over needs no end.
            let _ = self.app.authority.logout(Logout::Cookie(old), &self.context).await;
        }
        let mut response = page.go(address);
        let header = cookie::set(&self.app, &granted, &session, self.app.authority.now());
        response.headers_mut().append(SET_COOKIE, header);
        response
    }

    /// Takes the cookie back, and goes to `address`.
    pub(crate) fn leave(&self, page: &Page, address: &str) -> Response {
        let mut response = page.go(address);
        response.headers_mut().append(SET_COOKIE, cookie::remove(&self.app));
        response
    }

    /// Ends the session of the cookie.
    pub(crate) async fn log_out(&self) -> Result<(), Error> {
        match &self.cookie {
            Some(cookie) => self.app.authority.logout(Logout::Cookie(cookie.clone()), &self.context).await,
            None => Ok(()),
        }
    }
}

/// What a user is called on the pages.
pub(crate) fn name_of(user: &User) -> &str {
    let username = user.username.as_ref().map(Username::display);
    username.or(user.email.as_ref().map(Email::display)).unwrap_or_default()
}
