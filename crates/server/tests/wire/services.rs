use std::collections::BTreeMap;

use axum::http::{Method, Request};
use serde_json::{Value, json};
use tokenry::config::{List, Secret};

use crate::harness::{ADMIN, PASSWORD, Site};

#[tokio::test]
async fn claims_come_from_roles_and_attributes() {
    let admin = "https://localhost:8000/user/is_admin";
    let claims = [("username", "username"), ("team", "attribute:team"), (admin, "role:admin")];
    let claims: BTreeMap<String, String> =
        claims.iter().map(|(name, source)| (name.to_string(), source.to_string())).collect();
    let site = Site::with(|config| config.token.claims = claims).await;
    let body = json!({ "username": "kim", "password": PASSWORD, "roles": ["admin"], "attributes": { "team": "a" } });
    site.call(Method::POST, "/v1/admin/users", Some(ADMIN), Some(body)).await;
    let kim = site.login("kim").await;
    let token = tokenry_jwt::Unverified::parse(&kim.access).unwrap();
    let claims = token.insecure_claims();
    assert_eq!((&claims["username"], &claims["team"], &claims[admin]), (&json!("kim"), &json!("a"), &json!(true)));
    assert_eq!(claims["roles"], json!(["admin"]));
    assert_eq!(claims["sid"].as_str(), Some(kim.id.as_str()));
    assert_eq!(token.insecure_header()["typ"], "at+jwt");
}

#[tokio::test]
async fn a_reverse_proxy_learns_who_calls() {
    let site = Site::with(|config| config.token.audience = List(vec!["orders".to_owned(), "billing".to_owned()])).await;
    let body = json!({ "username": "김,알로", "password": PASSWORD, "roles": ["a%b", "관리자"] });
    site.call(Method::POST, "/v1/admin/users", Some(ADMIN), Some(body)).await;
    let kim = site.login("김,알로").await;
    let verified = site.get("/v1/verify?audience=orders", &kim.access).await;
    assert_eq!(verified.status, 200);
    let header = |name: &str| verified.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("tokenry-username"), "%EA%B9%80%2C%EC%95%8C%EB%A1%9C");
    assert_eq!(header("tokenry-roles"), "a%25b,%EA%B4%80%EB%A6%AC%EC%9E%90");
    assert_eq!(header("tokenry-session"), kim.id);
    assert_eq!(header("tokenry-scope"), "");
    assert!(verified.headers.contains_key("tokenry-subject"));
    site.get("/v1/verify?audience=shipping", &kim.access).await.is_problem(403, "forbidden");
    site.get("/v1/verify?other=1", &kim.access).await.is_problem(400, "invalid_request");
    site.call(Method::GET, "/v1/verify", None, None).await.is_problem(401, "token_missing");
}

#[tokio::test]
async fn introspection_answers_services_and_the_own_session() {
    let site = Site::with(|config| config.introspect.token = Some(Secret::from("service".to_owned()))).await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let ask = async |credential: &str, token: &str| {
        let request = Request::post("/v1/introspect")
            .header("authorization", format!("Bearer {credential}"))
            .header("content-type", "application/x-www-form-urlencoded");
        site.send(request.body(format!("token={token}&token_type_hint=access_token").into()).unwrap()).await.body
    };
    let active = ask("service", &kim.access).await;
    assert_eq!((&active["active"], &active["username"], &active["sid"]), (&json!(true), &json!("kim"), &json!(kim.id)));
    assert_eq!(ask("service", &kim.refresh).await["active"], true);
    assert_eq!(ask(&kim.access, &kim.refresh).await["active"], true);
    for (credential, token) in [(kim.access.as_str(), lee.access.as_str()), ("service", "nonsense"), ("service", "")] {
        assert_eq!(ask(credential, token).await, json!({ "active": false }));
    }
    let next = site.refresh(&kim.refresh, None).await.session();
    site.refresh(&next.refresh, None).await.session();
    assert_eq!(ask("service", &kim.refresh).await, json!({ "active": false }));
    site.call(Method::POST, "/v1/logout", Some(&lee.access), None).await;
    assert_eq!(ask("service", &lee.access).await, json!({ "active": false }));
    let json_body =
        site.call(Method::POST, "/v1/introspect", Some("service"), Some(json!({ "token": next.access }))).await;
    assert_eq!(json_body.body["active"], true);
    site.post("/v1/introspect", json!({ "token": kim.access })).await.is_problem(401, "token_missing");
}

#[tokio::test]
async fn metadata_names_the_endpoints() {
    let site = Site::with(|config| config.issuer = Some("https://auth.example.com".to_owned())).await;
    let metadata = site.get("/.well-known/oauth-authorization-server", "x").await;
    assert_eq!(metadata.body["issuer"], "https://auth.example.com");
    assert_eq!(metadata.body["jwks_uri"], "https://auth.example.com/.well-known/jwks.json");
    assert_eq!(metadata.body["response_types_supported"], json!([]));
    assert!(metadata.headers.contains_key("strict-transport-security"));
    let jwks = site.get("/.well-known/jwks.json", "x").await;
    let keys = jwks.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys.iter().all(|key| key.get("d").is_none() && key["kty"] == "OKP"));
}

#[tokio::test]
async fn any_origin_may_call_and_a_list_limits_them() {
    let preflight = |origin: &str| {
        Request::options("/v1/refresh")
            .header("origin", origin.to_owned())
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,idempotency-key")
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let open = Site::new().await.send(preflight("https://app.example")).await;
    assert_eq!(open.headers["access-control-allow-origin"], "*");
    assert!(!open.headers.contains_key("access-control-allow-credentials"));
    let allowed = open.headers["access-control-allow-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(["authorization", "content-type", "idempotency-key"].iter().all(|name| allowed.contains(name)));
    let origins = List(vec!["https://app.example".to_owned()]);
    let listed = Site::with(|config| config.server.cors_origins = origins).await;
    let answer = listed.send(preflight("https://app.example")).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(answer.headers["access-control-allow-credentials"], "true");
    let other = listed.send(preflight("https://evil.example")).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
    let error = Site::new().await.get("/v1/me", "x").await;
    let exposed = error.headers["access-control-expose-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(["www-authenticate", "retry-after", "etag"].iter().all(|name| exposed.contains(name)));
}

#[tokio::test]
async fn pages_speak_two_languages_and_carry_a_strict_policy() {
    let site = Site::new().await;
    for path in ["/", "/docs"] {
        let page = async |language: &str| {
            let request = Request::get(path).header("accept-language", language);
            site.send(request.body(axum::body::Body::empty()).unwrap()).await
        };
        let korean = page("ko-KR,ko;q=0.9,en;q=0.8").await;
        assert!(korean.body.as_str().unwrap().contains("lang=\"ko\""), "{korean:?}");
        let english = page("en").await;
        assert!(english.body.as_str().unwrap().contains("lang=\"en\""));
        let policy = english.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    let style = site.get("/assets/style.css", "x").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.refresh, None).await;
    let text = site.get("/metrics", "x").await.body;
    let Value::String(text) = text else { panic!("{text}") };
    for line in ["tokenry_signups_total 1", "tokenry_refreshes_total{outcome=\"rotate\"} 1", "route=\"/v1/signup\""] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(site.get("/healthz", "x").await.status, 200);
    assert_eq!(site.get("/readyz", "x").await.status, 200);
}
