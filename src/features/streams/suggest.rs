//! What is usually right: which streams, how read, and how their tables are called.

use super::StreamChoice;
use super::choice::key_text;
use crate::engines::{Catalog, CursorField, Stream, SyncType};

/// The streams as one would choose them without thinking: those the source advises, else all.
pub fn suggest(catalog: &Catalog, prefix: &str) -> Vec<StreamChoice> {
    let advised = catalog.streams.iter().any(|stream| stream.suggested);
    let mut choices: Vec<StreamChoice> = Vec::new();
    for stream in &catalog.streams {
        let mut choice = default_choice(stream, prefix);
        choice.enabled = !advised || stream.suggested;
        let base = choice.table_name.clone();
        let mut number = 2;
        while choices.iter().any(|other| other.table_name == choice.table_name) {
            choice.table_name = format!("{base}_{number}");
            number += 1;
        }
        choices.push(choice);
    }
    choices
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

/// A stream's name as a table is called; the usual schema of PostgreSQL is left out.
fn table_name(stream: &Stream, prefix: &str) -> String {
    let space = stream.namespace.as_deref().filter(|space| *space != "public").unwrap_or_default();
    let plain = if space.is_empty() { stream.name.clone() } else { format!("{space}_{}", stream.name) };
    let mut name = String::from(prefix);
    let mut was_lower = false;
    for c in plain.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && was_lower {
                name.push('_');
            }
            was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
            name.push(c.to_ascii_lowercase());
        } else {
            was_lower = false;
            if !name.ends_with('_') {
                name.push('_');
            }
        }
    }
    let name = name.trim_end_matches('_');
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let whole = if begins { name.to_owned() } else { format!("t_{name}") };
    whole.chars().take(60).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named(namespace: Option<&str>, name: &str) -> Stream {
        Stream { name: name.to_owned(), namespace: namespace.map(str::to_owned), ..Stream::default() }
    }

    #[test]
    fn tables_are_called_like_streams_as_far_as_a_table_can() {
        for (space, name, expected) in [
            (None, "ads", "fb_ads"),
            (Some("public"), "Line.Items", "fb_line_items"),
            (Some("shop"), "adSets", "fb_shop_ad_sets"),
            (None, "2024 täglich", "fb_2024_t_glich"),
        ] {
            assert_eq!(table_name(&named(space, name), "fb_"), expected);
        }
        assert_eq!(table_name(&named(None, "2024"), ""), "t_2024");
    }

    #[test]
    fn two_streams_do_not_get_one_table() {
        let catalog = Catalog { streams: vec![named(None, "a b"), named(None, "a.b"), named(None, "a_b")] };
        let tables: Vec<String> = suggest(&catalog, "").into_iter().map(|choice| choice.table_name).collect();
        assert_eq!(tables, ["a_b", "a_b_2", "a_b_3"]);
    }
}
