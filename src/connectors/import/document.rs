//! The forms a document can have, told apart by what they hold.

use std::path::Path;

use serde_json::{Map, Value};

use super::{FoundSpec, Unreadable, metadata, names, references};
use crate::connectors::{ConnectorFile, Kind, RuntimeBlock};

const SCHEMA_KEYS: [&str; 2] = ["connectionSpecification", "connection_specification"];

type SpecResult = Result<FoundSpec, Unreadable>;

/// Every specification of a document.
pub(super) fn specs_in(document: &Value, path: &Path) -> Vec<SpecResult> {
    let place = DocumentSource { origin: path.display().to_string(), file: names::from_file(path) };
    match document {
        Value::Object(object) if is_registry(object) => registry(object, &place),
        Value::Array(entries) => entries.iter().map(|entry| place.entry(entry, None)).collect(),
        other => vec![place.one(other)],
    }
}

fn is_registry(object: &Map<String, Value>) -> bool {
    ["sources", "destinations"].iter().any(|list| object.get(*list).is_some_and(Value::is_array))
        && !object.contains_key("spec")
}

fn registry(object: &Map<String, Value>, place: &DocumentSource) -> Vec<SpecResult> {
    let list = |key: &str, kind: Kind| {
        let entries = object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        entries.iter().map(|entry| place.entry(entry, Some(kind))).collect::<Vec<_>>()
    };
    let mut found = list("sources", Kind::Source);
    found.extend(list("destinations", Kind::Destination));
    found
}

struct DocumentSource {
    origin: String,
    file: (Option<Kind>, String),
}

impl DocumentSource {
    fn refuse(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable { origin: self.origin.clone(), reason: reason.into() }
    }

    /// An entry of a registry: the file's own name says nothing about it.
    fn entry(&self, entry: &Value, kind: Option<Kind>) -> SpecResult {
        let name = text(entry, &["name", "dockerRepository", "slug"]).unwrap_or("entry without a name");
        DocumentSource { origin: format!("{}: {name}", self.origin), file: (kind, String::new()) }.one(entry)
    }

    fn one(&self, document: &Value) -> SpecResult {
        if document.get("slug").is_some() && document.get("spec").is_some() {
            return self.own(document);
        }
        let Some((message, schema)) = schema_of(document) else {
            return Err(self.refuse("no specification was found in it"));
        };
        Ok(self.name(document, message, references::follow(schema, document)))
    }

    fn own(&self, document: &Value) -> SpecResult {
        let file = ConnectorFile::from_json(document).map_err(|error| self.refuse(format!("{error:#}")))?;
        let problems = file.problems();
        if !problems.is_empty() {
            return Err(self.refuse(problems.join("; ")));
        }
        Ok(FoundSpec {
            origin: self.origin.clone(),
            kind: Some(file.kind),
            slug: file.slug.clone(),
            name: file.name.clone(),
            documentation_url: file.documentation_url.clone(),
            schema: file.spec.clone(),
            advanced_auth: None,
            runtime: None,
            category: None,
            summary: String::new(),
            registry: None,
            own: Some(Box::new(file)),
        })
    }

    /// Image name, file name, name, title: the first that says something counts.
    fn name(&self, document: &Value, message: &Value, schema: Value) -> FoundSpec {
        let image = text(document, &["dockerRepository"]).map(names::from_image);
        let (title_kind, title) = text(&schema, &["title"]).map(names::from_title).unwrap_or_default();
        let name = text(document, &["name"]).unwrap_or(&title).to_owned();
        let (file_kind, file_slug) = self.file.clone();
        let file = Some(file_slug.clone()).filter(|_| file_kind.is_some());
        let slugs = [image.clone().map(|(_, slug)| slug), file, Some(names::slug(&name)), Some(file_slug)];
        let documentation_url = text(message, &["documentationUrl", "documentation_url"]);
        let documentation_url =
            documentation_url.or(text(document, &["documentationUrl"])).unwrap_or_default().to_owned();
        let kinds = [
            text(document, &["kind", "connectorType"]).and_then(Kind::parse),
            image.and_then(|(kind, _)| kind),
            file_kind,
            title_kind,
            kind_of_message(document, message, &documentation_url),
        ];
        FoundSpec {
            origin: self.origin.clone(),
            kind: kinds.into_iter().flatten().next(),
            slug: slugs.into_iter().flatten().find(|slug| !slug.is_empty()).unwrap_or_default(),
            advanced_auth: message
                .get("advanced_auth")
                .or(message.get("advancedAuth"))
                .filter(|auth| auth.is_object())
                .cloned(),
            name,
            documentation_url,
            runtime: manifest_runtime(document),
            category: metadata::category(document),
            summary: metadata::summary(document),
            registry: metadata::registry(document),
            schema,
            own: None,
        }
    }
}

/// The message that carries the schema, and the schema.
fn schema_of(document: &Value) -> Option<(&Value, &Value)> {
    let inner = document.get("spec").map(|spec| resolved(spec, document));
    for message in inner.into_iter().chain([document]) {
        if let Some(schema) = SCHEMA_KEYS.iter().find_map(|key| message.get(*key)) {
            return Some((message, schema));
        }
    }
    inner.into_iter().chain([document]).find(|schema| is_schema(schema)).map(|schema| (schema, schema))
}

/// A manifest may keep the whole `spec` block elsewhere.
fn resolved<'a>(spec: &'a Value, document: &'a Value) -> &'a Value {
    let target =
        spec.get("$ref").and_then(Value::as_str).and_then(|target| document.pointer(target.strip_prefix('#')?));
    target.unwrap_or(spec)
}

fn is_schema(value: &Value) -> bool {
    let is_object_type = value.get("type").is_some_and(|kind| kind == "object");
    is_object_type
        || value.get("properties").is_some_and(Value::is_object)
        || value.get("oneOf").is_some_and(Value::is_array)
}

/// Only destinations say how they write; a manifest with streams, and a documentation page below `/sources/`, is a source's.
fn kind_of_message(document: &Value, message: &Value, documentation_url: &str) -> Option<Kind> {
    if message.get("supported_destination_sync_modes").is_some() || documentation_url.contains("/destinations/") {
        return Some(Kind::Destination);
    }
    let is_manifest = document.get("streams").is_some() || text(document, &["type"]) == Some("DeclarativeSource");
    (is_manifest || documentation_url.contains("/sources/")).then_some(Kind::Source)
}

/// A manifest is run by the program that is made for manifests.
fn manifest_runtime(document: &Value) -> Option<RuntimeBlock> {
    let is_manifest = text(document, &["type"]) == Some("DeclarativeSource") && document.get("streams").is_some();
    is_manifest.then(|| RuntimeBlock::manifest(document.clone()))
}

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(*key)).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn only(document: Value, file: &str) -> FoundSpec {
        specs_in(&document, Path::new(file)).pop().unwrap().unwrap()
    }

    #[test]
    fn every_form_is_known() {
        let schema =
            json!({"title": "Corner Shop Source Spec", "type": "object", "properties": {"key": {"type": "string"}}});
        for document in [
            json!({"connectionSpecification": schema}),
            json!({"spec": {"connectionSpecification": schema}}),
            json!({"type": "SPEC", "spec": {"connectionSpecification": schema, "protocol_version": "0.2"}}),
            json!({"type": "DeclarativeSource", "spec": {"type": "Spec", "connection_specification": schema}}),
            json!({"spec": {"$ref": "#/definitions/s"}, "definitions": {"s": {"connection_specification": schema}}}),
            schema.clone(),
        ] {
            let found = only(document, "x.json");
            assert_eq!(
                (found.kind, found.slug.as_str(), found.name.as_str()),
                (Some(Kind::Source), "corner-shop", "Corner Shop")
            );
            assert_eq!(found.schema, schema);
        }
    }

    #[test]
    fn a_registry_gives_every_entry_and_names_the_broken_one() {
        let spec =
            json!({"connectionSpecification": {"type": "object"}, "advanced_auth": {"auth_flow_type": "oauth2.0"}});
        let document = json!({
            "sources": [{"name": "Shop", "dockerRepository": "maker/source-shop-api", "spec": spec}, {"name": "Broken"}],
            "destinations": [{"name": "Lake", "dockerRepository": "maker/destination-lake", "spec": spec}],
        });
        let found = specs_in(&document, Path::new("registry.json"));
        let slugs: Vec<_> =
            found.iter().flatten().map(|spec| (spec.kind.unwrap().as_str(), spec.slug.as_str())).collect();
        assert_eq!(slugs, [("source", "shop-api"), ("destination", "lake")]);
        assert!(found.iter().flatten().all(|spec| spec.advanced_auth.is_some()));
        assert_eq!(found[1].as_ref().unwrap_err().origin, "registry.json: Broken");
    }
}
