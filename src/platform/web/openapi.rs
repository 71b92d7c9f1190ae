//! The API's description (OpenAPI 3.1), made from what the handlers read and write: every feature lists its operations beside its
//! handlers, and the shapes come from the very types that are read and sent.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::problem::{Code, ProblemOut};
use super::{log_stream, urls};

/// Gives the schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
pub fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The schema of `T` itself, for what becomes query parameters.
pub fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// One thing the API does.
#[derive(Clone)]
pub struct Operation {
    /// `get`, `post`, `patch` or `delete`.
    pub method: &'static str,
    /// The path with its parameters in braces, with the slash at the end.
    pub path: String,
    /// Its name, unique.
    pub id: String,
    /// The heading it stands under.
    pub tag: &'static str,
    /// What it does, in one line.
    pub summary: String,
    /// What else there is to know, in Markdown.
    pub about: &'static str,
    /// The scope a key needs; `None`: no key at all.
    pub scope: Option<&'static str>,
    /// Query parameters.
    pub query: Option<SchemaOf>,
    /// The body.
    pub body: Option<SchemaOf>,
    /// The status when it is done, and the body then.
    pub done: (u16, Option<SchemaOf>),
    /// What it may refuse with, beyond what follows from the rest.
    pub refuses: &'static [Code],
    /// It takes `If-Match` and gives `ETag`.
    pub tagged: bool,
}

impl Operation {
    /// What it may refuse with.
    pub fn problems(&self) -> Vec<Code> {
        let mut codes = vec![Code::Internal, Code::Unreadable];
        if self.scope.is_some() {
            codes.extend([Code::ApiKeyMissing, Code::ApiKeyInvalid, Code::ScopeMissing, Code::TooManyRequests]);
        }
        if self.path.contains('{') {
            codes.push(Code::NotFound);
        }
        if self.query.is_some() {
            codes.push(Code::Invalid);
        }
        if self.body.is_some() || self.method == "post" {
            codes.extend([Code::InvalidJson, Code::TooLarge, Code::UnsupportedMediaType, Code::Invalid]);
        }
        if self.method == "post" {
            codes.extend([Code::IdempotencyInProgress, Code::IdempotencyKeyReused]);
        }
        if self.tagged && self.method == "patch" {
            codes.push(Code::PreconditionFailed);
        }
        codes.extend(self.refuses);
        codes.sort_by_key(|code| (code.status(), code.as_str()));
        codes.dedup();
        codes
    }
}

/// A generator whose shapes go under `components`.
pub fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .for_serialize()
        .into_generator()
}

/// The whole document. `server` is the address of this installation.
pub fn document(operations: &[Operation], server: &str) -> Value {
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let described = describe(operation, &mut generator);
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.to_owned(), described);
        }
    }
    let mut tags: Vec<&str> = operations.iter().map(|operation| operation.tag).collect();
    tags.dedup();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Vestibule",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Hand out a link, get somebody's data connection back.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut all = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description(operation),
        "parameters": parameters(operation, generator),
        "responses": responses(operation, generator),
        "security": if operation.scope.is_some() { json!([{"apiKey": []}]) } else { json!([]) },
    });
    if let (Some(body), Some(object)) = (operation.body, all.as_object_mut()) {
        let schema = body(generator);
        object.insert(
            "requestBody".to_owned(),
            json!({"content": {"application/json": {"schema": schema}}, "required": false}),
        );
    }
    all
}

fn description(operation: &Operation) -> String {
    match operation.scope {
        Some(scope) if operation.about.is_empty() => format!("Needs the scope `{scope}`."),
        Some(scope) => format!("{} Needs the scope `{scope}`.", operation.about),
        None => operation.about.to_owned(),
    }
}

fn parameters(operation: &Operation, generator: &mut SchemaGenerator) -> Vec<Value> {
    let names = operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut all: Vec<Value> =
        names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}})).collect();
    if let Some(query) = operation.query {
        all.extend(query_parameters(&query(generator)));
    }
    if operation.method == "post" {
        all.push(header(
            "Idempotency-Key",
            "The same key with the same request gives the first answer again, for 24 hours.",
            json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}),
        ));
    }
    if operation.tagged && operation.method == "patch" {
        all.push(header(
            "If-Match",
            "The `ETag` of what is to be changed; refused with 412 when it is not that any more.",
            json!({"type": "string"}),
        ));
    }
    all
}

fn header(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": about, "schema": schema})
}

/// A query type's members as parameters.
pub fn query_parameters(schema: &Schema) -> Vec<Value> {
    let members = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    members
        .into_iter()
        .map(|(name, mut schema)| {
            let about = schema.as_object_mut().and_then(|object| object.remove("description")).unwrap_or_default();
            json!({"name": name, "in": "query", "required": false, "description": about, "schema": not_null(schema)})
        })
        .collect()
}

/// A parameter that is not there is not null.
fn not_null(mut schema: Value) -> Value {
    if let Some(kinds) = schema.get_mut("type")
        && let Some(kind) = kinds.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).cloned()
    {
        *kinds = kind;
    }
    if let Some(first) = schema.get("anyOf").and_then(|any| any.get(0)).cloned() {
        return first;
    }
    schema
}

fn responses(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    let (status, body) = operation.done;
    let mut done = json!({"description": if status == 204 { "Done." } else { "The answer." }});
    if let (Some(body), Some(object)) = (body, done.as_object_mut()) {
        object.insert("content".to_owned(), content(&body(generator)));
    }
    if operation.tagged
        && let Some(object) = done.as_object_mut()
    {
        object.insert(
            "headers".to_owned(),
            json!({"ETag": {"description": "Names this state of it.", "schema": {"type": "string"}}}),
        );
    }
    all.insert(status.to_string(), done);
    let problem = generator.subschema_for::<ProblemOut>();
    for code in operation.problems() {
        let status = code.status().as_u16().to_string();
        let said = format!("{} (`{}`)", code.title(), code.as_str());
        match all.get_mut(&status).and_then(|one| one.get_mut("description")) {
            Some(Value::String(text)) => {
                text.push_str("; ");
                text.push_str(&said);
            }
            _ => {
                all.insert(
                    status,
                    json!({"description": said, "content": {"application/problem+json": {"schema": problem}}}),
                );
            }
        }
    }
    Value::Object(all)
}

/// A body by its media type: JSON, or a text that names its own; a log also comes as events.
fn content(schema: &Schema) -> Value {
    match schema.get("contentMediaType").and_then(Value::as_str) {
        Some(kind) => {
            let text = json!({"schema": {"type": "string"}});
            json!({kind: text, log_stream::EVENTS: text})
        }
        None => json!({"application/json": {"schema": schema}}),
    }
}

/// Where the document is.
pub const ADDRESS: &str = urls::OPENAPI;
