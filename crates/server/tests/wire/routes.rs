use axum::http::Method;

use crate::harness::Site;

/// Each call of the reference, made by no one: the ones that do not ask who calls stand in a list.
#[tokio::test]
async fn every_open_route_is_listed() {
    let site = Site::new().await;
    let document = site.get("/openapi.json", "x").await.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut open = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = site.call(method.clone(), path, None, None).await;
            if answer.status == 401 {
                answer.is_problem(401, "token_missing");
            } else {
                open.push(format!("{method} {path}"));
            }
        }
    }
    open.sort();
    let listed: Vec<&str> = include_str!("public-routes.txt").lines().collect();
    assert_eq!(open, listed);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let site = Site::new().await;
    site.get("/nowhere", "x").await.is_problem(404, "not_found");
    site.call(Method::PUT, "/v1/me", None, None).await.is_problem(405, "invalid_request");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::new().await;
    for path in ["/", "/docs", "/v1/me", "/nowhere", "/healthz", "/.well-known/jwks.json"] {
        let answer = site.get(path, "x").await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        assert!(answer.headers.contains_key("content-security-policy"), "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
}
