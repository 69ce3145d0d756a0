//! Both proxies, as Debian packages them, in front of the service and beside a real Tokenry.
#![allow(clippy::unwrap_used)]

#[path = "../../issuer.rs"]
mod issuer;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;

use issuer::{Issuer, PASSWORD};
use reqwest::{RequestBuilder, Response, StatusCode};
use reverse_proxy::{Kind, Proxy, Settings};
use serde_json::{Value, json};
use tokenry::config::Span;

const KINDS: [Kind; 2] = [Kind::Nginx, Kind::Caddy];

/// A proxy before a service, and the Tokenry that it asks.
struct Site {
    issuer: Issuer,
    proxy: Proxy,
    address: SocketAddr,
}

impl Site {
    async fn new(kind: Kind) -> Self {
        Self::with(kind, Issuer::start().await, "orders").await
    }

    async fn with(kind: Kind, issuer: Issuer, audience: &str) -> Self {
        let mut tries = 0;
        loop {
            // Free when it was looked for; another process may be quicker.
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let settings =
                Settings { issuer: issuer.name.parse().unwrap(), audience: audience.to_owned(), listen: address };
            match Proxy::start(kind, &settings).await {
                Ok(proxy) => return Self { issuer, proxy, address },
                Err(error) if tries == 3 => panic!("{kind:?}: {error}"),
                Err(_) => tries += 1,
            }
        }
    }

    fn get(&self) -> RequestBuilder {
        self.issuer.http.get(self.url())
    }

    async fn get_as(&self, token: &str) -> Response {
        self.get().bearer_auth(token).send().await.unwrap()
    }

    fn url(&self) -> String {
        format!("http://{}/orders", self.address)
    }
}

#[tokio::test]
async fn who_signed_up_is_served_until_they_log_out() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let token = site.issuer.signup("kim").await;
        let served = site.get_as(&token).await;
        assert_eq!(served.status(), 200, "{kind:?}");
        assert!(served.text().await.unwrap().starts_with("hello kim ("), "{kind:?}");
        site.issuer.logout(&token).await;
        is_unauthorized(&site.get_as(&token).await, "the session has ended");
    }
}

#[tokio::test]
async fn what_is_no_good_token_is_refused_with_the_challenge_of_tokenry() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let token = site.issuer.signup("kim").await;
        let none = site.get().send().await.unwrap();
        assert_eq!(
            (none.status(), challenge(&none)),
            (StatusCode::UNAUTHORIZED, "Bearer realm=\"tokenry\""),
            "{kind:?}"
        );
        is_unauthorized(&site.get_as(&format!("{token}A")).await, "error=\"invalid_token\"");
        is_unauthorized(&site.get_as(&token.replacen('.', ".A", 1)).await, "error=\"invalid_token\"");
        let query = site.issuer.http.get(format!("{}?access_token={token}", site.url())).send().await.unwrap();
        assert_eq!(query.status(), 401, "{kind:?}");
        let inside = format!("http://{}/_verify", site.address);
        let inside = site.issuer.http.get(inside).bearer_auth(&token).send().await.unwrap();
        assert_eq!(inside.status(), 404, "{kind:?}");
        assert!(!inside.headers().contains_key("tokenry-subject"), "{kind:?}");
    }
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    for kind in KINDS {
        let shortest = Issuer::with(|config| config.token.access_ttl = Span::seconds(1)).await;
        let site = Site::with(kind, shortest, "orders").await;
        let token = site.issuer.signup("kim").await;
        let refused = loop {
            let answer = site.get_as(&token).await;
            if answer.status() != 200 {
                break answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        is_unauthorized(&refused, "the token expired");
    }
}

#[tokio::test]
async fn an_identity_that_the_client_made_up_never_arrives() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        // Without a username, so that nothing of Tokenry's covers the one that is made up.
        let body = json!({ "email": "kim@example.com", "password": PASSWORD });
        let signup = site.issuer.http.post(format!("{}/v1/signup", site.issuer.name)).json(&body);
        let pair: Value = signup.send().await.unwrap().json().await.unwrap();
        let made_up = |request: RequestBuilder| {
            ["Tokenry-Subject", "tokenry-username", "TOKENRY-ROLES", "Tokenry_Username", "Tokenry-Session"]
                .into_iter()
                .fold(request, |request, name| request.header(name, "root"))
        };
        assert_eq!(made_up(site.get()).send().await.unwrap().status(), 401, "{kind:?}");
        let bearer = site.get().bearer_auth(pair["access_token"].as_str().unwrap());
        // Named as one that belongs to the connection, a header might be dropped after it was filled in.
        for connection in ["keep-alive", "Tokenry-Subject", "close, TOKENRY-SUBJECT, tokenry-username"] {
            let request = bearer.try_clone().unwrap().header("connection", connection);
            let served = made_up(request).send().await.unwrap();
            let text = served.text().await.unwrap();
            let expected = format!("hello  ({})", pair["user"]["id"].as_str().unwrap());
            assert_eq!(text, expected, "{kind:?}: {connection}");
        }
        let all = site.issuer.http.get(format!("http://{}/headers", site.address));
        let all = made_up(all.bearer_auth(pair["access_token"].as_str().unwrap())).send().await.unwrap();
        let all = all.text().await.unwrap();
        assert!(all.contains("tokenry-subject: ") && !all.contains("root"), "{kind:?}: {all}");
        assert!(!all.contains("authorization"), "{kind:?}: {all}");
    }
}

#[tokio::test]
async fn odd_headers_are_refused() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let good = format!("Bearer {}", site.issuer.signup("kim").await);
        for second in [&*good, "Bearer a", "Basic YTpi"] {
            let twice = site.get().header("authorization", &good).header("authorization", second);
            let status = twice.send().await.unwrap().status();
            assert!([400, 401].contains(&status.as_u16()), "{kind:?}: {status}");
        }
        for odd in ["", "Bearer", "Bearer a b", "Basic YTpi", "Bearer\ta"] {
            let answer = site.get().header("authorization", odd).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{kind:?}: {odd:?}");
        }
        site.issuer.take_calls("");
        for size in [64 << 10, 2 << 20] {
            // A proxy may close while the client is still writing.
            if let Ok(answer) = site.get().bearer_auth("a".repeat(size)).send().await {
                assert!([400, 431].contains(&answer.status().as_u16()), "{kind:?}: {answer:?}");
            }
        }
        assert_eq!(site.issuer.take_calls("/v1/verify").len(), 0, "{kind:?}");
        assert_eq!(site.get().header("authorization", good).send().await.unwrap().status(), 200, "{kind:?}");
    }
}

#[tokio::test]
async fn a_cookie_is_good_until_its_session_ends() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        site.issuer.signup("kim").await;
        let body = json!({ "identifier": "kim", "password": PASSWORD, "method": "cookie" });
        let login = site.issuer.http.post(format!("{}/v1/login", site.issuer.name)).json(&body).send().await.unwrap();
        let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let get = async |cookie: &str| site.get().header("cookie", cookie).send().await.unwrap().status();
        assert_eq!(get(&cookie).await, 200, "{kind:?}");
        assert_eq!(get(&format!("{cookie}A")).await, 401, "{kind:?}");
        assert_eq!(get(&format!("{cookie}; {cookie}")).await, 401, "{kind:?}");
        let logout = site.issuer.http.post(format!("{}/v1/logout", site.issuer.name)).header("cookie", &cookie);
        assert_eq!(logout.send().await.unwrap().status(), 204);
        assert_eq!(get(&cookie).await, 401, "{kind:?}");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_forbidden() {
    for kind in KINDS {
        let site = Site::with(kind, Issuer::start().await, "billing").await;
        let token = site.issuer.signup("kim").await;
        assert_eq!(site.get_as(&token).await.status(), 403, "{kind:?}");
    }
}

#[tokio::test]
async fn while_tokenry_does_not_answer_nobody_is_let_in() {
    for kind in KINDS {
        let mut site = Site::new(kind).await;
        let token = site.issuer.signup("kim").await;
        assert_eq!(site.get_as(&token).await.status(), 200);
        site.issuer.stop().await;
        let refused = site.get_as(&token).await;
        assert_eq!(refused.status(), 503, "{kind:?}");
        assert_eq!(refused.headers()["retry-after"], "1", "{kind:?}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "unavailable", "{kind:?}");
    }
}

#[tokio::test]
async fn a_body_goes_to_the_service_alone_and_connections_are_kept() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let token = site.issuer.signup("kim").await;
        site.issuer.take_calls("");
        for _ in 0..20 {
            let posted = site.issuer.http.post(site.url()).bearer_auth(&token).body("tea").send().await.unwrap();
            assert!(posted.text().await.unwrap().ends_with(" orders tea"), "{kind:?}");
        }
        let calls = site.issuer.take_calls("/v1/verify");
        // Each request is asked about: nothing is cached.
        assert_eq!(calls.len(), 20, "{kind:?}");
        for call in &calls {
            assert!(!call.headers.contains_key("transfer-encoding"), "{kind:?}: {call:?}");
            assert!(call.headers.get("content-length").is_none_or(|length| length == "0"), "{kind:?}: {call:?}");
        }
        let connections: BTreeSet<SocketAddr> = calls.iter().map(|call| call.peer).collect();
        assert!(connections.len() <= 2, "{kind:?}: {connections:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_nobody_and_alone_can_call_the_service() {
    for kind in KINDS {
        let mut site = Site::new(kind).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", site.proxy.id().unwrap())).unwrap();
        let owners: Vec<&str> =
            status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap().split_whitespace().collect();
        assert!(!owners.contains(&"0"), "{kind:?}: {owners:?}");
        let folder = site.proxy.directory().metadata().unwrap();
        assert_eq!((folder.mode() & 0o777, folder.uid().to_string().as_str()), (0o700, owners[1]), "{kind:?}");
        site.proxy.stop().await.unwrap();
        TcpListener::bind(site.address).unwrap();
    }
}

#[track_caller]
fn is_unauthorized(answer: &Response, reason: &str) {
    assert_eq!(answer.status(), 401, "{answer:?}");
    assert!(challenge(answer).contains(reason), "{answer:?}");
}

#[track_caller]
fn challenge(answer: &Response) -> &str {
    answer.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap())
}
