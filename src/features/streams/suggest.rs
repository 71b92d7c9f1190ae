//! What is usually right: which streams, how read, and how their tables are called.

use super::StreamChoice;
use super::choice::key_text;
use super::table_names::{suggested_tables, table_name};
use crate::engines::{Catalog, CursorField, Stream, SyncType};

/// The streams as one would choose them without thinking: those the source advises, else all.
pub fn suggest(catalog: &Catalog, prefix: &str) -> Vec<StreamChoice> {
    let advised = catalog.streams.iter().any(|stream| stream.suggested);
    let tables = suggested_tables(catalog, prefix);
    let choice = |(stream, table_name): (&Stream, String)| {
        let enabled = !advised || stream.suggested;
        StreamChoice { enabled, table_name, ..default_choice(stream, prefix) }
    };
    catalog.streams.iter().zip(tables).map(choice).collect()
}

/// One stream as one would read it without thinking.
pub fn default_choice(stream: &Stream, prefix: &str) -> StreamChoice {
    let replication_key = match &stream.cursor {
        CursorField::Open { usual: Some(usual), .. } => Some(key_text(usual)),
        CursorField::Fixed { field: Some(field) } => Some(key_text(field)),
        CursorField::None | CursorField::Fixed { field: None } | CursorField::Open { usual: None, .. } => None,
    };
    // Without keys, records that are read twice cannot be told.
    let knows_new = (replication_key.is_some() || matches!(stream.cursor, CursorField::Fixed { .. }))
        && !stream.primary_key.is_empty();
    let incremental = stream.offers(SyncType::Incremental) && (knows_new || !stream.offers(SyncType::FullTable));
    StreamChoice {
        enabled: true,
        stream_name: stream.name.clone(),
        namespace: stream.namespace.clone(),
        table_name: table_name(stream, prefix),
        primary_keys: Some(stream.primary_key.iter().map(key_text).collect()),
        replication_key: replication_key.filter(|_| incremental),
        sync_type: if incremental { SyncType::Incremental } else { SyncType::FullTable },
        extract_all_fields: true,
        fields: None,
    }
}

/// The streams of a catalog beside what was chosen of them before, in the catalog's order. What is new is not read until somebody
/// says so; what is gone is left out.
pub fn offered<'a>(
    catalog: &'a Catalog,
    before: Option<&[StreamChoice]>,
    prefix: &str,
) -> Vec<(&'a Stream, StreamChoice)> {
    let fresh = suggest(catalog, prefix);
    catalog
        .streams
        .iter()
        .zip(fresh)
        .map(|(stream, fresh)| {
            let choice = match before {
                None => fresh,
                Some(before) => before
                    .iter()
                    .find(|old| old.of(catalog).is_some_and(|found| std::ptr::eq(found, stream)))
                    .cloned()
                    .unwrap_or(StreamChoice { enabled: false, ..fresh }),
            };
            (stream, choice)
        })
        .collect()
}
