//! The browsable reference of all calls.

use std::sync::LazyLock;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Page;
use crate::http::openapi;

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs<'a> {
    page: &'a Page,
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

pub(super) async fn show(page: Page) -> Response {
    page.show(StatusCode::OK, &Docs { page: &page, reference: &REFERENCE })
}

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::read(&openapi::document()));

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

const ORDER: [&str; 7] = ["Log-in", "Links", "Account", "Sessions", "Services", "Administration", "Operation"];
