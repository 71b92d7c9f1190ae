//! The API's description (OpenAPI 3.1), made from what the handlers read and write: every feature describes its operations beside its
//! handlers, the route table says where each stands, and the shapes come from the very types that are read and sent.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::problem::{Code, ProblemOut};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One thing the API does.
pub struct Operation {
    id: String,
    tag: &'static str,
    summary: String,
    about: &'static str,
    query: Option<SchemaOf>,
    body: Option<SchemaOf>,
    status: u16,
    answer: Option<SchemaOf>,
    refuses: &'static [Code],
    tagged: bool,
}

impl Operation {
    /// One that answers 204. `id` is its name, unique; `tag` the heading it stands under; `summary` what it does, in one line.
    pub fn new(tag: &'static str, id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            tag,
            summary: summary.into(),
            about: "",
            query: None,
            body: None,
            status: 204,
            answer: None,
            refuses: &[],
            tagged: false,
        }
    }

    /// What else there is to know, in Markdown.
    pub fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// The query parameters are the members of `T`.
    pub fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(T::json_schema), ..self }
    }

    /// The body is a `T`.
    pub fn body<T: JsonSchema>(self) -> Self {
        Self { body: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// The status when it is done, and what is answered then.
    pub fn answers<T: JsonSchema>(self, status: u16) -> Self {
        Self { status, answer: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// What it may refuse with, beyond what follows from the rest.
    pub fn refuses(self, codes: &'static [Code]) -> Self {
        Self { refuses: codes, ..self }
    }

    /// It gives `ETag`, or it changes or deletes what gives one: then it takes `If-Match`.
    pub fn tagged(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The status when it is done.
    pub fn status(&self) -> u16 {
        self.status
    }
}

/// An operation where the route table has it.
pub struct ApiRoute<'a> {
    /// In small letters.
    pub method: String,
    /// The path with its parameters in braces, with the slash at the end.
    pub path: &'a str,
    /// The scope a key needs; `None`: no key at all.
    pub scope: Option<&'static str>,
    /// What it does.
    pub operation: &'a Operation,
}

impl ApiRoute<'_> {
    fn is_post(&self) -> bool {
        self.method == "post"
    }

    fn takes_if_match(&self) -> bool {
        self.operation.tagged && matches!(self.method.as_str(), "patch" | "delete")
    }

    /// What it may refuse with.
    fn problems(&self) -> Vec<Code> {
        let mut codes = vec![Code::Busy, Code::Internal, Code::Unreadable];
        if self.scope.is_some() {
            codes.extend([Code::ApiKeyMissing, Code::ApiKeyInvalid, Code::ScopeMissing, Code::TooManyRequests]);
        }
        if self.path.contains('{') {
            codes.push(Code::NotFound);
        }
        if self.operation.query.is_some() {
            codes.push(Code::Invalid);
        }
        if self.operation.body.is_some() || self.is_post() {
            codes.extend([Code::InvalidJson, Code::TooLarge, Code::UnsupportedMediaType, Code::Invalid]);
        }
        if self.is_post() {
            codes.extend([Code::IdempotencyInProgress, Code::IdempotencyKeyReused]);
        }
        if self.takes_if_match() {
            codes.push(Code::PreconditionFailed);
        }
        codes.extend(self.operation.refuses);
        codes.sort_by_key(|code| (code.status(), code.as_str()));
        codes.dedup();
        codes
    }
}

/// A generator whose shapes go under `components`.
fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .for_serialize()
        .into_generator()
}

/// The whole document. `server` is the address of this installation.
pub fn document(routes: &[ApiRoute<'_>], server: &str) -> Value {
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let described = describe(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.clone(), described);
        }
    }
    let mut tags: Vec<&str> = routes.iter().map(|route| route.operation.tag).collect();
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

fn describe(route: &ApiRoute<'_>, generator: &mut SchemaGenerator) -> Value {
    let operation = route.operation;
    let mut all = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description(route),
        "parameters": parameters(route, generator),
        "responses": responses(route, generator),
        "security": if route.scope.is_some() { json!([{"apiKey": []}]) } else { json!([]) },
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

fn description(route: &ApiRoute<'_>) -> String {
    let about = route.operation.about;
    match route.scope {
        Some(scope) if about.is_empty() => format!("Needs the scope `{scope}`."),
        Some(scope) => format!("{about} Needs the scope `{scope}`."),
        None => about.to_owned(),
    }
}

fn parameters(route: &ApiRoute<'_>, generator: &mut SchemaGenerator) -> Vec<Value> {
    let names = route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut all: Vec<Value> =
        names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}})).collect();
    if let Some(query) = route.operation.query {
        all.extend(query_parameters(&query(generator)));
    }
    if route.is_post() {
        all.push(header(
            "Idempotency-Key",
            "The same key with the same request gives the first answer again, for 24 hours.",
            json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}),
        ));
    }
    if route.takes_if_match() {
        all.push(header(
            "If-Match",
            "The `ETag` of what is to be changed or deleted; refused with 412 when it is not that any more.",
            json!({"type": "string"}),
        ));
    }
    all
}

fn header(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": about, "schema": schema})
}

/// A query type's members as parameters.
fn query_parameters(schema: &Schema) -> Vec<Value> {
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

fn responses(route: &ApiRoute<'_>, generator: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    let Operation { status, answer, tagged, .. } = route.operation;
    let mut done = json!({"description": if *status == 204 { "Done." } else { "The answer." }});
    if let (Some(body), Some(object)) = (answer, done.as_object_mut()) {
        object.insert("content".to_owned(), content(&body(generator)));
    }
    if *tagged
        && *status != 204
        && let Some(object) = done.as_object_mut()
    {
        object.insert(
            "headers".to_owned(),
            json!({"ETag": {"description": "Names this state of it.", "schema": {"type": "string"}}}),
        );
    }
    all.insert(status.to_string(), done);
    let problem = generator.subschema_for::<ProblemOut>();
    for code in route.problems() {
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

/// A body by its media type: JSON, or a text that names its own, or several.
fn content(schema: &Schema) -> Value {
    match schema.get("contentMediaType").and_then(Value::as_str) {
        Some(kinds) => kinds.split(", ").map(|kind| (kind.to_owned(), json!({"schema": {"type": "string"}}))).collect(),
        None => json!({"application/json": {"schema": schema}}),
    }
}
