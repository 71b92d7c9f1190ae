//! The protocol's catalog and ours.

use serde_json::{Map, Value, json};

use super::messages::{CatalogBody, StreamBody};
use crate::engines::{Catalog, ChosenStream, Column, CursorField, Stream, SyncType};

/// What a connector offers, as we keep it.
pub(super) fn ours(body: CatalogBody) -> Catalog {
    Catalog { streams: body.streams.into_iter().filter(|stream| !stream.name.is_empty()).map(stream).collect() }
}

fn stream(body: StreamBody) -> Stream {
    let has = |mode: &str| body.supported_sync_modes.iter().any(|one| one == mode);
    let mut sync_types = Vec::new();
    if has("full_refresh") || !has("incremental") {
        sync_types.push(SyncType::FullTable);
    }
    if has("incremental") {
        sync_types.push(SyncType::Incremental);
    }
    let usual = body.default_cursor_field.filter(|field| !field.is_empty());
    let cursor = match body.source_defined_cursor {
        _ if !has("incremental") => CursorField::None,
        Some(true) => CursorField::Fixed { field: usual },
        _ => CursorField::Open { candidates: Vec::new(), usual },
    };
    let primary_key = body.source_defined_primary_key.unwrap_or_default();
    Stream {
        columns: columns(&body.json_schema),
        name: body.name,
        namespace: body.namespace.filter(|namespace| !namespace.is_empty()),
        primary_key: primary_key.into_iter().filter(|path| !path.is_empty()).collect(),
        sync_types,
        cursor,
        suggested: false,
        json_schema: body.json_schema,
    }
}

/// The top-level properties of a record's schema.
fn columns(schema: &Value) -> Vec<Column> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, property)| column(name, property)).collect()
}

fn column(name: &str, property: &Value) -> Column {
    let types: Vec<&str> = match property.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let nullable = types.contains(&"null");
    let kinds: Vec<&str> = types.into_iter().filter(|kind| *kind != "null").collect();
    let kind = if kinds.is_empty() { "any".to_owned() } else { kinds.join(" or ") };
    let kind = match property.get("format").and_then(Value::as_str) {
        Some(format) => format!("{kind} ({format})"),
        None => kind,
    };
    Column { name: name.to_owned(), kind, nullable }
}

/// What was chosen, as the protocol wants it (`ConfiguredAirbyteCatalog`).
pub fn theirs(chosen: &[ChosenStream]) -> Value {
    json!({ "streams": chosen.iter().map(configured).collect::<Vec<_>>() })
}

fn configured(chosen: &ChosenStream) -> Value {
    let stream = &chosen.stream;
    let modes = stream.sync_types.iter().map(|sync_type| mode(*sync_type)).collect::<Vec<_>>();
    let schema = if stream.json_schema.is_null() { json!({ "type": "object" }) } else { stream.json_schema.clone() };
    let (defined, usual) = match &stream.cursor {
        CursorField::None => (false, None),
        CursorField::Fixed { field } => (true, field.clone()),
        CursorField::Open { usual, .. } => (false, usual.clone()),
    };
    let mut inner = Map::new();
    inner.insert("name".to_owned(), json!(stream.name));
    inner.extend(stream.namespace.as_ref().map(|namespace| ("namespace".to_owned(), json!(namespace))));
    inner.insert("json_schema".to_owned(), schema);
    inner.insert("supported_sync_modes".to_owned(), json!(modes));
    inner.insert("source_defined_cursor".to_owned(), json!(defined));
    inner.insert("default_cursor_field".to_owned(), json!(usual.clone().unwrap_or_default()));
    inner.insert("source_defined_primary_key".to_owned(), json!(stream.primary_key));
    json!({
        "stream": inner,
        "sync_mode": mode(chosen.sync_type),
        "destination_sync_mode": "append",
        "cursor_field": chosen.cursor.clone().or(usual).unwrap_or_default(),
        "primary_key": chosen.primary_key,
    })
}

const fn mode(sync_type: SyncType) -> &'static str {
    match sync_type {
        SyncType::FullTable => "full_refresh",
        SyncType::Incremental => "incremental",
    }
}
