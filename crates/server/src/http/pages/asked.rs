use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::return_to::ReturnTo;
use super::texts::Texts;
use crate::App;

/// What the address of a page asks for, beside its language. Whatever else stands there is ignored.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) return_to: Option<ReturnTo>,
    notice: String,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "return_to" => asked.return_to = ReturnTo::parse(app, &value),
                "notice" => asked.notice = value.into_owned(),
                _ => {}
            }
        }
        Ok(asked)
    }
}

impl Asked {
    /// What a form brought along.
    pub(crate) fn by_form(app: &App, return_to: &str) -> Self {
        Self { return_to: ReturnTo::parse(app, return_to), notice: String::new() }
    }

    /// Where to go in the end, for the form to bring along; empty when nothing was asked.
    pub(crate) fn destination(&self) -> &str {
        self.return_to.as_ref().map_or("", ReturnTo::as_str)
    }

    /// `path` with the same wish.
    pub(crate) fn along(&self, path: &str) -> String {
        match &self.return_to {
            Some(return_to) => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                format!("{path}?{}", query.append_pair("return_to", return_to.as_str()).finish())
            }
            None => path.to_owned(),
        }
    }

    /// What has just happened, in words that are ours whatever the address says.
    pub(crate) fn notice(&self, text: &Texts) -> Option<&'static str> {
        let text = &text.notice;
        match self.notice.as_str() {
            "ended" => Some(text.ended),
            "out" => Some(text.out),
            "deleted" => Some(text.deleted),
            "welcome" => Some(text.welcome),
            "profile" => Some(text.profile),
            "password" => Some(text.password),
            "session" => Some(text.session),
            "others" => Some(text.others),
            "linked" => Some(text.linked),
            "verify" => Some(text.verify),
            "email" => Some(text.email),
            "unlinked" => Some(text.unlinked),
            _ => None,
        }
    }
}
