//! The home page and the browsable reference: plain HTML, one style sheet, no script, nothing from elsewhere.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::problem::ApiError;
use crate::App;

/// `/`, `/docs` and their style sheet.
pub(super) fn router(api: &OpenApi) -> Router<Arc<App>> {
    let reference = Arc::new(Reference::read(api));
    Router::new()
        .route("/", get(home))
        .route(
            "/docs",
            get(async move |headers: HeaderMap| page(&Docs { korean: korean(&headers), reference: &reference })),
        )
        .route("/assets/style.css", get(style))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    korean: bool,
    issuer: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs<'a> {
    korean: bool,
    reference: &'a Reference,
}

/// The OpenAPI document, arranged for reading.
struct Reference {
    sections: Vec<Section>,
}

struct Section {
    name: String,
    calls: Vec<Call>,
}

struct Call {
    method: String,
    path: String,
    summary: String,
    description: String,
    credential: &'static str,
    parameters: Vec<Member>,
    body: Vec<Member>,
    answers: Vec<(String, String)>,
}

struct Member {
    name: String,
    kind: String,
    description: String,
    required: bool,
}

async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let issuer = app.authority.settings().issuer.trim_end_matches('/');
    page(&Home { korean: korean(&headers), issuer, version: env!("CARGO_PKG_VERSION") })
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../../assets/style.css"))
}

fn page(template: &impl Template) -> Result<Response, ApiError> {
    let html = template.render().map_err(|error| tokenry_domain::Error::Internal(error.to_string()))?;
    const HEADERS: [(HeaderName, &str); 3] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
        (VARY, "accept-language"),
    ];
    Ok((HEADERS, html).into_response())
}

/// Whether Korean stands before English in `Accept-Language` (RFC 9110 section 12.5.4).
fn korean(headers: &HeaderMap) -> bool {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weight = |language: &str| {
        let ranges = header.split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let tag = parts.next()?.trim();
            let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
            tag.split('-').next()?.eq_ignore_ascii_case(language).then(|| quality.unwrap_or(1.0))
        });
        ranges.fold(0.0, f32::max)
    };
    let (korean, english) = (weight("ko"), weight("en"));
    let position = |language| header.to_ascii_lowercase().find(language).unwrap_or(usize::MAX);
    korean > english || (korean > 0.0 && (korean - english).abs() < f32::EPSILON && position("ko") < position("en"))
}

impl Reference {
    fn read(api: &OpenApi) -> Self {
        let document = serde_json::to_value(api).unwrap_or_default();
        let mut sections: Vec<Section> = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Some(tag) = operation["tags"][0].as_str() else { continue };
                let call = Call::read(&document, method, path, operation);
                match sections.iter_mut().find(|section| section.name == tag) {
                    Some(section) => section.calls.push(call),
                    None => sections.push(Section { name: tag.to_owned(), calls: vec![call] }),
                }
            }
        }
        sections.sort_by_key(|section| ORDER.iter().position(|name| *name == section.name));
        Self { sections }
    }
}

impl Call {
    fn read(document: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let security = operation["security"][0].as_object().and_then(|scheme| scheme.keys().next());
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Member {
            name: text(&parameter["name"]),
            kind: text(&parameter["in"]),
            description: text(&parameter["description"]),
            required: parameter["required"] == true,
        });
        let content = operation["requestBody"]["content"].as_object();
        let schema = content.and_then(|content| content.values().next()).map(|media| &media["schema"]);
        let answers = operation["responses"].as_object().into_iter().flatten();
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            credential: match security.map(String::as_str) {
                Some("admin") => "admin token",
                Some(_) => "access token",
                None => "",
            },
            parameters: parameters.collect(),
            body: schema.map_or_else(Vec::new, |schema| members(document, schema)),
            answers: answers.map(|(status, answer)| (status.clone(), text(&answer["description"]))).collect(),
        }
    }
}

fn members(document: &Value, schema: &Value) -> Vec<Member> {
    let schema = resolve(document, schema);
    let schema = schema["oneOf"].as_array().and_then(|kinds| kinds.last()).map_or(schema, |one| resolve(document, one));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let member = |(name, property): (&String, &Value)| Member {
        name: name.clone(),
        kind: match &resolve(document, property)["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
            kind => text(kind),
        },
        description: text(&property["description"]),
        required: required.contains(&name.as_str()),
    };
    properties.map(member).collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

const ORDER: [&str; 6] = ["Log-in", "Account", "Sessions", "Services", "Administration", "Operation"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_preferred() {
        for (header, expected) in [
            ("", false),
            ("ko", true),
            ("ko-KR,ko;q=0.9,en;q=0.8", true),
            ("en-US,en;q=0.9,ko;q=0.8", false),
            ("en;q=0.1, KO;q=0.2", true),
            ("fr, ko;q=0.5", true),
            ("ko;q=0", false),
            ("en,ko", false),
            ("nonsense;;q=x,,", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(korean(&headers), expected, "{header}");
        }
    }
}
