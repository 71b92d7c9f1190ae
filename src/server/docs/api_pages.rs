//! The API's description: for programs at `/api/openapi.json`, for people at `/api/docs`. Both come from the route table.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde_json::{Map, Value};

use super::pages::{Line, lines};
use crate::platform::app::App;
use crate::platform::web::api::{ApiResult, json};
use crate::platform::web::openapi::{ApiRoute, document};
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// `GET /api/openapi.json`
pub async fn openapi(app: web::Data<App>, routes: Vec<ApiRoute<'_>>) -> ApiResult {
    json(StatusCode::OK, &document(&routes, &app.config.server.base_url.origin()))
}

/// A name with its kind and what it is.
struct Member {
    name: String,
    kind: String,
    needed: bool,
    about: String,
}

struct AnswerView {
    status: String,
    about: String,
    shape: String,
}

struct Endpoint {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    parameters: Vec<Member>,
    body: String,
    answers: Vec<AnswerView>,
}

struct Group {
    name: String,
    endpoints: Vec<Endpoint>,
}

struct Shape {
    name: String,
    about: String,
    members: Vec<Member>,
    values: Vec<String>,
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiPage {
    pages: Vec<Line>,
    here: &'static str,
    base: String,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

/// `GET /api/docs`
pub async fn show(app: web::Data<App>, routes: Vec<ApiRoute<'_>>) -> PageResult {
    let base = app.config.server.base_url.origin();
    let document = document(&routes, &base);
    page(&ApiPage { pages: lines(), here: urls::API_DOCS, groups: groups(&document), shapes: shapes(&document), base })
}

fn object<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, methods) in object(document, "/paths") {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let (tag, endpoint) = (text(operation, "/tags/0"), endpoint(method, path, operation));
            match groups.iter_mut().find(|group| group.name == tag) {
                Some(group) => group.endpoints.push(endpoint),
                None => groups.push(Group { name: tag, endpoints: vec![endpoint] }),
            }
        }
    }
    groups
}

fn endpoint(method: &str, path: &str, operation: &Value) -> Endpoint {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let parameter = |one: &Value| Member {
        name: text(one, "/name"),
        kind: format!("{}, {}", text(one, "/in"), kind(one.get("schema").unwrap_or(&Value::Null))),
        needed: one.get("required") == Some(&Value::Bool(true)),
        about: text(one, "/description").replace('`', ""),
    };
    let answer = |(status, one): (&String, &Value)| AnswerView {
        status: status.clone(),
        about: text(one, "/description").replace('`', ""),
        shape: object(one, "/content")
            .filter(|(kind, _)| kind.ends_with("/json") || kind.ends_with("+json"))
            .filter_map(|(_, content)| content.get("schema"))
            .map(kind)
            .next()
            .unwrap_or_default(),
    };
    Endpoint {
        id: text(operation, "/operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "/summary"),
        about: text(operation, "/description").replace('`', ""),
        parameters: parameters.map(parameter).collect(),
        body: operation.pointer("/requestBody/content/application~1json/schema").map(kind).unwrap_or_default(),
        answers: object(operation, "/responses").map(answer).collect(),
    }
}

fn shapes(document: &Value) -> Vec<Shape> {
    let all = object(document, "/components/schemas");
    all.map(|(name, schema)| Shape {
        name: name.clone(),
        about: text(schema, "/description").replace('`', ""),
        members: members(schema),
        values: values(schema),
    })
    .collect()
}

fn members(schema: &Value) -> Vec<Member> {
    let needed: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    object(schema, "/properties")
        .map(|(name, member)| Member {
            name: name.clone(),
            kind: kind(member),
            needed: needed.contains(&name.as_str()),
            about: text(member, "/description").replace('`', ""),
        })
        .collect()
}

/// The words of an enumeration.
fn values(schema: &Value) -> Vec<String> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let described =
        schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.get("const"));
    listed.chain(described).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A schema in a word or two.
fn kind(schema: &Value) -> String {
    let Some(schema) = schema.as_object() else { return "any value".to_owned() };
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        return any.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(one)) => one_kind(one, schema),
        Some(Value::Array(some)) => {
            some.iter().filter_map(Value::as_str).map(|one| one_kind(one, schema)).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

fn one_kind(name: &str, schema: &Map<String, Value>) -> String {
    let format = schema.get("format").and_then(Value::as_str);
    match (name, schema.get("items"), format) {
        ("array", Some(items), _) => format!("list of {}", kind(items)),
        ("array", None, _) => "list".to_owned(),
        ("string", _, Some("date-time")) => "date and time".to_owned(),
        ("integer", _, _) => "whole number".to_owned(),
        (other, _, _) => other.to_owned(),
    }
}
