//! The pages: plain HTML that works without script, in the language and the look that are wanted.
//!
//! A page is a template that extends `layout.html`, a handler that takes a [`Page`] and answers with [`Page::show`], and
//! its words in `texts`.

mod account;
mod asked;
mod assets;
mod colours;
mod device;
mod fault;
mod faults;
mod field;
mod form;
mod home;
mod kit;
mod language;
mod link;
mod login;
mod logo;
mod mailed;
mod moment;
mod page;
mod reference;
mod return_to;
mod signup;
mod social;
mod texts;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokenry_domain::one_time::Purpose;

use crate::{App, mail};

pub(super) use self::fault::no_such_path;
pub(crate) use self::kit::Kit;
pub(super) use self::language::Language;
pub(crate) use self::page::Page;

/// All pages, and the files that they refer to.
pub(super) fn router() -> Router<Arc<App>> {
    let pages = [
        get(home::show),
        get(signup::show).post(signup::submit),
        get(login::show).post(login::submit),
        get(account::show).post(account::submit),
        get(reference::show),
        get(assets::serve),
    ];
    PATHS
        .iter()
        .zip(pages)
        .fold(link::router().merge(mailed::router()).merge(social::router()), |router, (path, page)| {
            router.route(path, page)
        })
}

/// Where the pages are, in the router's order; after them those that links in mails lead to, that ask for one, and that
/// providers lead to.
pub(crate) const PATHS: [&str; 16] = [
    "/",
    "/signup",
    "/login",
    "/account",
    "/docs",
    "/assets/{*path}",
    mail::path(Purpose::VerifyEmail),
    mail::path(Purpose::ResetPassword),
    mail::path(Purpose::LogIn),
    mail::path(Purpose::ChangeEmail),
    mail::path(Purpose::NotMe),
    mailed::FORGOT,
    mailed::LINK,
    social::BEGIN,
    social::BACK,
    social::OFFER,
];
