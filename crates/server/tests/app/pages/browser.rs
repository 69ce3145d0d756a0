use axum::body::Body;
use axum::http::{Method, Request};

use crate::app::harness::{Answer, PASSWORD, Site};

/// A browser without script: it keeps cookies and says where a request comes from.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Browser {
    /// Someone who has just signed up with [`PASSWORD`].
    pub(crate) async fn signed_up(site: &Site, username: &str) -> Self {
        let mut browser = Self::default();
        let answer = browser.post(site, "/signup", &[("username", username), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/account?notice=welcome"), "{answer:?}");
        browser
    }

    /// Someone who logs in on another device.
    pub(crate) async fn logged_in(site: &Site, identifier: &str, agent: &str) -> Self {
        let mut browser = Self { headers: vec![("user-agent", agent.to_owned())], ..Self::default() };
        let answer = browser.post(site, "/login", &[("identifier", identifier), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/account"), "{answer:?}");
        browser
    }

    /// Someone who prefers these languages.
    pub(crate) fn speaking(languages: &str) -> Self {
        Self { headers: vec![("accept-language", languages.to_owned())], ..Self::default() }
    }

    pub(crate) async fn get(&mut self, site: &Site, path: &str) -> Answer {
        self.send(site, Method::GET, path, "none", String::new()).await
    }

    /// Sends a form of our own page.
    pub(crate) async fn post(&mut self, site: &Site, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(site, Method::POST, path, "same-origin", form(fields)).await
    }

    pub(crate) async fn send(&mut self, site: &Site, method: Method, path: &str, from: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(path).header("sec-fetch-site", from);
        self.send_raw(site, request.header("content-type", "application/x-www-form-urlencoded"), body).await
    }

    pub(crate) async fn send_raw(
        &mut self,
        site: &Site,
        mut request: axum::http::request::Builder,
        body: impl Into<Body>,
    ) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = site.send(request.body(body.into()).unwrap()).await;
        for header in answer.headers.get_all("set-cookie") {
            let header = header.to_str().unwrap();
            let (name, rest) = header.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(other, _)| other != name);
            if !header.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find_map(|(other, value)| (other == name).then_some(value.as_str()))
    }

    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.cookies.push((name.to_owned(), value.to_owned()));
    }

    /// Whether the account page opens.
    pub(crate) async fn is_logged_in(&mut self, site: &Site) -> bool {
        self.get(site, "/account").await.status == 200
    }
}

/// The fields as a browser writes them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
