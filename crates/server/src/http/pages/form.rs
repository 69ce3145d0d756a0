use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use super::Page;
use crate::App;
use crate::http::cookie;
use crate::http::problem::ApiError;

/// A form that one of our own pages has sent: no unknown field, none twice, UTF-8.
///
/// A page of another site is refused with or without a cookie, so that no one is logged in by a stranger either. (The
/// form by which a provider's page sends people back is none of ours: see `social/back.rs`.)
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(page) = Page::from_request_parts(&mut parts, app).await;
        if !cookie::is_of_this_origin(&parts.uri, &parts.headers) {
            return Err(page.refuse(ApiError::forbidden("the form was sent by a page of another site")));
        }
        let form = match is_form(&parts.headers) {
            true => Bytes::from_request(Request::from_parts(parts, body), app).await.map_err(|error| error.to_string()),
            false => Err("send a form".to_owned()),
        };
        form.and_then(|bytes| read(&bytes)).map(Self).map_err(|detail| page.refuse(ApiError::invalid_request(detail)))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // The decoder would put a replacement character where a password has none.
    percent_decode(bytes).decode_utf8().map_err(|_| "the form is not UTF-8".to_owned())?;
    serde_urlencoded::from_bytes(bytes).map_err(|error| error.to_string())
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Example {
        name: String,
    }

    #[test]
    fn a_form_has_one_reading() {
        assert_eq!(read::<Example>(b"name=a+b%26%EA%B9%80").unwrap().name, "a b&김");
        for bad in [&b""[..], b"name=a&name=b", b"name=a&other=b", b"name=%ff", b"name=\xff", b"name=%C3%28", b"{}"] {
            read::<Example>(bad).unwrap_err();
        }
    }
}
