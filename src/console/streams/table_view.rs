//! A stream as a row of the table.

use crate::engines::{Catalog, CursorField, Stream, SyncType};
use crate::features::streams::{StreamChoice, key_text};

pub(super) struct StreamRow {
    /// Its place in the catalogue.
    pub(super) place: usize,
    pub(super) name: String,
    pub(super) enabled: bool,
    /// Nobody has decided about it yet, although others were decided about.
    pub(super) is_new: bool,
    /// (posted value, words, chosen)
    pub(super) ways: Vec<(&'static str, &'static str, bool)>,
    /// Fields to choose from; empty when there is nothing to choose.
    pub(super) keys: Vec<(String, bool)>,
    /// What is settled, when there is nothing to choose.
    pub(super) settled: String,
    /// Fields that together name a record; empty when there are none.
    pub(super) key: String,
    pub(super) table: String,
    /// What is wrong, and with which of its controls; empty when nothing is.
    pub(super) problem: String,
    pub(super) wrong: &'static str,
    pub(super) fields: String,
}

impl StreamRow {
    /// Whether this is the control that is wrong.
    pub(super) fn is_wrong(&self, control: &str) -> bool {
        self.wrong == control
    }
}

/// The rows of a table; `saved` are the choices that were saved before.
pub(super) fn rows(
    catalog: &Catalog,
    choices: &[StreamChoice],
    saved: Option<&[StreamChoice]>,
    problems: &[(String, String)],
) -> Vec<StreamRow> {
    let known = |choice: &StreamChoice| {
        saved.is_none_or(|saved| {
            saved.is_empty()
                || saved.iter().any(|one| one.stream_name == choice.stream_name && one.namespace == choice.namespace)
        })
    };
    let problem = |place: usize| {
        let of = |control: &'static str| {
            problems.iter().find(|(id, _)| *id == format!("{control}{place}")).map(|(_, text)| (control, text.clone()))
        };
        ["how", "new", "table"].into_iter().find_map(of).unwrap_or_default()
    };
    let row = |(place, (stream, choice)): (usize, (&Stream, &StreamChoice))| StreamRow {
        problem: problem(place).1,
        wrong: problem(place).0,
        place,
        name: choice.full_name(),
        enabled: choice.enabled,
        is_new: !known(choice),
        ways: ways(stream, choice),
        keys: keys(stream, choice),
        settled: settled(stream),
        key: key(stream, choice),
        table: choice.table_name.clone(),
        fields: if choice.extract_all_fields {
            "All fields".to_owned()
        } else {
            match choice.fields.as_ref().map_or(0, Vec::len) {
                1 => "1 field".to_owned(),
                count => format!("{count} fields"),
            }
        },
    };
    catalog.streams.iter().zip(choices).enumerate().map(row).collect()
}

fn ways(stream: &Stream, choice: &StreamChoice) -> Vec<(&'static str, &'static str, bool)> {
    let words = |way: SyncType| match way {
        SyncType::FullTable => "All records",
        SyncType::Incremental => "Only new ones",
    };
    stream.sync_types.iter().map(|way| (way.as_str(), words(*way), *way == choice.sync_type)).collect()
}

fn keys(stream: &Stream, choice: &StreamChoice) -> Vec<(String, bool)> {
    let CursorField::Open { candidates, .. } = &stream.cursor else { return Vec::new() };
    if !stream.offers(SyncType::Incremental) {
        return Vec::new();
    }
    let names: Vec<String> = if candidates.is_empty() {
        stream.columns.iter().map(|column| column.name.clone()).collect()
    } else {
        candidates.iter().map(key_text).collect()
    };
    names
        .into_iter()
        .map(|name| {
            let chosen = choice.replication_key.as_deref() == Some(name.as_str());
            (name, chosen)
        })
        .collect()
}

fn key(stream: &Stream, choice: &StreamChoice) -> String {
    let own = || stream.primary_key.iter().map(key_text).collect();
    choice.primary_keys.clone().unwrap_or_else(own).join(", ")
}

fn settled(stream: &Stream) -> String {
    match &stream.cursor {
        CursorField::Fixed { field: Some(field) } => format!("{} (settled by the source)", key_text(field)),
        CursorField::Fixed { field: None } => "Settled by the source".to_owned(),
        CursorField::None | CursorField::Open { .. } => "–".to_owned(),
    }
}
