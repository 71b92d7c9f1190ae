//! Connectors that cannot be asked for their streams: what their files know.

use serde_json::Value;

use super::{Catalog, CursorField, Failure, FailureReason, Stream, SyncType};
use crate::connectors::{Connector, KnownStream};
use crate::schema::form::FinalConfig;

/// The streams of the connector's file; for the connector that calls any web service, the endpoints somebody entered.
pub(super) fn catalog(connector: &Connector, config: &FinalConfig) -> Catalog {
    let known = connector.file.streams.iter().map(stream);
    let entered = config.expose().get("endpoints").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Catalog { streams: known.chain(entered.iter().filter_map(endpoint)).collect() }
}

fn stream(known: &KnownStream) -> Stream {
    let sync_types: Vec<SyncType> = known.sync_types.iter().filter_map(|text| SyncType::parse(text)).collect();
    let mut keys = known.replication_keys.iter().map(|key| vec![key.clone()]);
    let cursor = match known.replication_keys.len() {
        0 => CursorField::None,
        1 => CursorField::Fixed { field: keys.next() },
        _ => CursorField::Open { usual: keys.clone().next(), candidates: keys.collect() },
    };
    Stream {
        name: known.name.clone(),
        primary_key: known.primary_keys.clone(),
        sync_types: if sync_types.is_empty() { vec![SyncType::FullTable] } else { sync_types },
        cursor,
        ..Stream::default()
    }
}

fn endpoint(endpoint: &Value) -> Option<Stream> {
    let keys = endpoint.get("primary_key").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(Stream {
        name: endpoint.get("name")?.as_str()?.to_owned(),
        primary_key: keys.iter().filter_map(|key| Some(vec![key.as_str()?.to_owned()])).collect(),
        sync_types: vec![SyncType::FullTable],
        ..Stream::default()
    })
}

/// The catalog with the advice of the registry that the connector was taken from, where the source itself gives none.
pub(super) fn with_advice(mut catalog: Catalog, connector: &Connector) -> Catalog {
    let advised =
        connector.file.registry.as_ref().map(|registry| registry.suggested_streams.as_slice()).unwrap_or_default();
    if !catalog.streams.iter().any(|stream| stream.suggested) {
        catalog.streams.iter_mut().for_each(|stream| stream.suggested = advised.contains(&stream.name));
    }
    catalog
}

/// Whether the connector's file knows streams, or asks for them in its configuration.
pub(super) fn has_streams(connector: &Connector) -> bool {
    !connector.file.streams.is_empty() || connector.file.spec.pointer("/properties/endpoints").is_some()
}

/// Why nobody can say whether the details work, and what to do.
pub(super) fn cannot_be_asked(connector: &Connector) -> Failure {
    Failure::new(
        FailureReason::NoRuntime,
        format!("{} cannot be asked here, because no program for it is installed.", connector.name()),
    )
}

/// Why there is nothing to read, and what to do.
pub(super) fn cannot_be_read(connector: &Connector) -> Failure {
    let name = connector.name();
    Failure::new(
        FailureReason::NoRuntime,
        format!(
            "{name} cannot be read here, because no program for it is installed. The source can be handed off to an engine of your own."
        ),
    )
}

/// Why nothing can be written to a destination, and what to do.
pub(super) fn cannot_be_written(connector: &Connector) -> Failure {
    let name = connector.name();
    Failure::new(FailureReason::NoRuntime, format!("Nothing installed here can write records to {name}."))
}
