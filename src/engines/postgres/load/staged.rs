//! Records on their way into the table where they wait: which column each value takes there, and the bytes of `COPY … (FORMAT binary)`
//! (<https://www.postgresql.org/docs/current/sql-copy.html>).
//!
//! A field has a column for each type its values turned out to have, most often one. A value goes into the first it fits; when it fits
//! none, one more is added, and the batch is taken again. So no value is lost, and a field is typed by all its values together, not by the
//! first ones.

use std::collections::HashMap;

use super::declared::alternatives;
use super::fit::{Fitting, with_length};
use super::texts;
use super::types::ColumnType;
use crate::engines::KeyPath;
use crate::engines::json::{JsonKind, JsonSpan, JsonWalk};

/// An index of PostgreSQL takes no longer rows.
const LONGEST_KEY: usize = 2_000;
const BEGIN: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
const NOTHING: [u8; 4] = (-1_i32).to_be_bytes();

/// One of the columns of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StagedColumn {
    /// Its number in the table.
    pub(super) number: usize,
    pub(super) kind: ColumnType,
    /// An infinite number is in it.
    pub(super) was_infinite: bool,
}

/// A field, and the columns its values have there.
#[derive(Debug, Clone, Default)]
pub(super) struct StagedField {
    pub(super) name: String,
    /// What the source says.
    pub(super) declared: Option<ColumnType>,
    /// Types that are tried before the nature of a value is asked.
    tried: Vec<ColumnType>,
    takes_all: bool,
    pub(super) columns: Vec<StagedColumn>,
    /// Characters that PostgreSQL does not hold.
    pub(super) lost: usize,
}

/// What a record has to have that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRecord;

/// The records of one table.
#[derive(Debug, Default)]
pub(super) struct Staging {
    pub(super) fields: Vec<StagedField>,
    /// Fields by their names as records write them.
    by_name: HashMap<Vec<u8>, usize>,
    /// The fields of the last record in its order; mostly the next one has the same.
    order: Vec<usize>,
    keys: Vec<KeyPath>,
    /// The fields in which they are.
    pub(super) key_fields: Vec<usize>,
    /// Rows carry their keys as one JSON list.
    pub(super) is_hashed: bool,
    /// A `numeric` of this server can be infinite.
    has_infinite: bool,
    /// Columns so far.
    pub(super) count: usize,
    rows: i64,
    buffer: Vec<u8>,
    /// Some record has no value in a key, or one that is too long for an index.
    pub(super) has_unfit_keys: bool,
    /// The single key as long as it only grows: then no record comes twice.
    grows: Option<i64>,
    is_growing: bool,
}

/// What is counted anew when a batch is taken again.
struct Tally {
    rows: i64,
    length: usize,
    grows: Option<i64>,
    is_growing: bool,
    lost: Vec<usize>,
}

impl Staging {
    /// A place for records with these fields (name, type by the source, type in the table where it is added to).
    pub(super) fn new(
        fields: impl Iterator<Item = (String, Option<ColumnType>, Option<ColumnType>)>,
        keys: Vec<KeyPath>,
        has_infinite: bool,
    ) -> Self {
        let mut staging = Self { keys, has_infinite, is_growing: true, ..Self::default() };
        for (name, declared, there) in fields {
            let mut tried: Vec<ColumnType> = there.iter().chain(&declared).cloned().collect();
            tried.extend(declared.iter().flat_map(alternatives));
            tried.dedup();
            let takes_all = tried.first() == Some(&ColumnType::Text);
            staging.add(StagedField { name, declared, tried, takes_all, ..StagedField::default() });
        }
        let names: Vec<String> = staging.keys.iter().filter_map(|path| path.first().cloned()).collect();
        for name in names {
            let known = staging.fields.iter().position(|field| field.name == name);
            let place = known.unwrap_or_else(|| staging.add(StagedField { name, ..StagedField::default() }));
            staging.key_fields.push(place);
        }
        staging
    }

    fn add(&mut self, field: StagedField) -> usize {
        let written = serde_json::Value::from(field.name.as_str()).to_string();
        let written = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        self.by_name.insert(written.as_bytes().to_vec(), self.fields.len());
        self.fields.push(field);
        self.fields.len() - 1
    }

    /// Records so far.
    pub(super) const fn rows(&self) -> i64 {
        self.rows
    }

    /// Whether a record may have come twice.
    pub(super) const fn may_repeat(&self) -> bool {
        !self.is_growing || self.grows.is_none()
    }

    /// Bytes that are not sent yet.
    pub(super) const fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// What is to be sent.
    pub(super) fn send(&mut self) -> Option<Vec<u8>> {
        if self.buffer.is_empty() {
            return None;
        }
        self.buffer.extend_from_slice(&END);
        let next = Vec::with_capacity(self.buffer.len());
        Some(std::mem::replace(&mut self.buffer, next))
    }

    /// Takes records. Columns that are missing are given back (field, type): then nothing was taken, and after what waits was sent and they
    /// were [`Staging::adopt`]ed the same is taken again.
    pub(super) fn take<'a>(
        &mut self,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<(usize, ColumnType)>, NoRecord> {
        let tally = self.tally();
        if self.buffer.is_empty() {
            self.buffer.extend_from_slice(BEGIN);
        }
        let mut wanted = Vec::new();
        let mut spans: Vec<Option<JsonSpan<'a>>> = vec![None; self.fields.len()];
        for record in records {
            spans.fill(None);
            self.spread(record, &mut spans)?;
            self.push_row(record, &spans, &mut wanted)?;
        }
        if !wanted.is_empty() {
            self.go_back(tally);
        }
        Ok(wanted)
    }

    fn tally(&self) -> Tally {
        let lost = self.fields.iter().map(|field| field.lost).collect();
        Tally { rows: self.rows, length: self.buffer.len(), grows: self.grows, is_growing: self.is_growing, lost }
    }

    fn go_back(&mut self, tally: Tally) {
        self.rows = tally.rows;
        (self.grows, self.is_growing) = (tally.grows, tally.is_growing);
        self.buffer.truncate(tally.length);
        let lost = tally.lost.into_iter().chain(std::iter::repeat(0));
        self.fields.iter_mut().zip(lost).for_each(|(field, lost)| field.lost = lost);
    }

    /// Takes note that the columns are there now.
    pub(super) fn adopt(&mut self, columns: Vec<(usize, ColumnType)>) {
        for (field, kind) in columns {
            if let Some(field) = self.fields.get_mut(field) {
                field.columns.push(StagedColumn { number: self.count, kind, was_infinite: false });
                self.count += 1;
            }
        }
    }

    /// Lays the values of a record beside their fields.
    fn spread<'a>(&mut self, record: &'a [u8], spans: &mut Vec<Option<JsonSpan<'a>>>) -> Result<(), NoRecord> {
        let mut walk = JsonWalk::members(record).ok_or(NoRecord)?;
        let mut step = 0;
        while let Some((key, span)) = walk.member() {
            let expected = self.order.get(step).and_then(|place| Some((*place, self.fields.get(*place)?)));
            let place = match expected.filter(|(_, field)| field.name.as_bytes() == key) {
                Some((place, _)) => place,
                None => {
                    let place = self.place(key)?;
                    self.order.truncate(step);
                    self.order.push(place);
                    place
                }
            };
            step += 1;
            if spans.len() < self.fields.len() {
                spans.resize(self.fields.len(), None);
            }
            if let Some(slot) = spans.get_mut(place) {
                *slot = Some(span);
            }
        }
        if walk.is_whole() { Ok(()) } else { Err(NoRecord) }
    }

    /// The field that a record calls so; a new one when nobody has named it yet.
    fn place(&mut self, key: &[u8]) -> Result<usize, NoRecord> {
        if let Some(place) = self.by_name.get(key) {
            return Ok(*place);
        }
        let mut name = Vec::new();
        texts::unescape(key, &mut name).ok_or(NoRecord)?;
        let name = String::from_utf8(name).map_err(|_| NoRecord)?;
        let known = self.fields.iter().position(|field| field.name == name);
        let place = known.unwrap_or_else(|| self.add(StagedField { name, ..StagedField::default() }));
        self.by_name.insert(key.to_vec(), place);
        Ok(place)
    }

    /// Adds a row: how many values, and each with its length.
    fn push_row(
        &mut self,
        record: &[u8],
        spans: &[Option<JsonSpan<'_>>],
        wanted: &mut Vec<(usize, ColumnType)>,
    ) -> Result<(), NoRecord> {
        self.rows += 1;
        let values = 1 + usize::from(self.is_hashed) + self.count;
        self.buffer.extend_from_slice(&i16::try_from(values).map_err(|_| NoRecord)?.to_be_bytes());
        self.buffer.extend_from_slice(&8_i32.to_be_bytes());
        self.buffer.extend_from_slice(&self.rows.to_be_bytes());
        if self.is_hashed {
            let key = key_list(&self.keys, record);
            let taken = with_length(&mut self.buffer, |out| {
                out.push(1);
                texts::document(&key, out).is_some()
            });
            taken.then_some(()).ok_or(NoRecord)?;
        } else {
            self.look_at_keys(spans);
        }
        let (buffer, has_infinite) = (&mut self.buffer, self.has_infinite);
        for (place, (field, span)) in
            self.fields.iter_mut().zip(spans.iter().chain(std::iter::repeat(&None))).enumerate()
        {
            match span.filter(|span| span.kind != JsonKind::Null) {
                None => field.columns.iter().for_each(|_| buffer.extend_from_slice(&NOTHING)),
                Some(span) if !field.push(&span, has_infinite, buffer) => {
                    let kind = field.kind_for(&span, has_infinite);
                    if !wanted.iter().any(|(known, one)| *known == place && *one == kind) {
                        wanted.push((place, kind));
                    }
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Sees whether the keys can be those of an index, and whether they only grow.
    fn look_at_keys(&mut self, spans: &[Option<JsonSpan<'_>>]) {
        for place in &self.key_fields {
            let span = spans.get(*place).copied().flatten().filter(|span| span.kind != JsonKind::Null);
            self.has_unfit_keys |= span.is_none_or(|span| span.raw.len() * self.key_fields.len() > LONGEST_KEY);
            if self.is_growing {
                let number = span.filter(|span| span.kind == JsonKind::Number).map(|span| span.raw);
                let number = number.and_then(|raw| std::str::from_utf8(raw).ok()?.parse::<i64>().ok());
                self.is_growing = self.keys.len() == 1 && number.is_some() && self.grows < number;
                self.grows = number;
            }
        }
    }
}

/// The keys of a record as one JSON list.
fn key_list(keys: &[KeyPath], record: &[u8]) -> Vec<u8> {
    let mut list = vec![b'['];
    for (at, path) in keys.iter().enumerate() {
        list.extend((at > 0).then_some(b','));
        let value =
            path.iter().try_fold(JsonSpan { kind: JsonKind::Object, raw: record, is_plain: true }, |inside, name| {
                let (mut walk, mut found) = (JsonWalk::members(inside.raw)?, None);
                while let Some((key, span)) = walk.member() {
                    let mut written = Vec::new();
                    texts::unescape(key, &mut written)?;
                    if written == name.as_bytes() {
                        found = Some(span);
                    }
                }
                found
            });
        let quote = value.filter(|value| value.kind == JsonKind::Text).map(|_| b'"');
        list.extend(quote);
        list.extend_from_slice(value.map_or(&b"null"[..], |value| value.raw));
        list.extend(quote);
    }
    list.push(b']');
    list
}

impl StagedField {
    /// Adds a value to the column it fits, and nothing to the others; `false` when it fits none.
    fn push(&mut self, span: &JsonSpan<'_>, has_infinite: bool, out: &mut Vec<u8>) -> bool {
        let mut is_done = false;
        for column in &mut self.columns {
            let mut fitting = Fitting { has_infinite, takes_all: self.takes_all, ..Fitting::default() };
            let fits = !is_done && with_length(out, |out| fitting.push(&column.kind, span, out));
            if fits {
                is_done = true;
                self.lost += fitting.lost;
                column.was_infinite |= fitting.was_infinite;
            } else {
                out.extend_from_slice(&NOTHING);
            }
        }
        is_done || self.push_as_written(span, out)
    }

    /// What the server takes in no other way is a text, as it is written.
    fn push_as_written(&mut self, span: &JsonSpan<'_>, out: &mut Vec<u8>) -> bool {
        let last = self.columns.last().filter(|column| column.kind == ColumnType::Text && !fits_its_nature(span));
        if last.is_none() {
            return false;
        }
        out.truncate(out.len() - NOTHING.len());
        with_length(out, |out| {
            out.extend_from_slice(span.raw);
            true
        })
    }

    /// The type that a value needs which fits none of the columns.
    fn kind_for(&self, span: &JsonSpan<'_>, has_infinite: bool) -> ColumnType {
        let mut scrap = Vec::new();
        let mut fits = |kind: &ColumnType, takes_all| {
            scrap.clear();
            Fitting { has_infinite, takes_all, ..Fitting::default() }.push(kind, span, &mut scrap)
        };
        if let Some(kind) = self.tried.iter().find(|kind| fits(kind, self.takes_all)) {
            return kind.clone();
        }
        nature(span).into_iter().find(|kind| fits(kind, false)).unwrap_or(ColumnType::Text)
    }
}

/// What a value is by itself.
fn nature(span: &JsonSpan<'_>) -> Vec<ColumnType> {
    match span.kind {
        JsonKind::Null => Vec::new(),
        JsonKind::Bool => vec![ColumnType::Bool],
        JsonKind::Number if super::numbers::is_whole(span.raw) => vec![ColumnType::Int8, ColumnType::Numeric(None)],
        JsonKind::Number => vec![ColumnType::Numeric(None)],
        JsonKind::Text => vec![ColumnType::Text],
        JsonKind::Object | JsonKind::Array => vec![ColumnType::Jsonb],
    }
}

fn fits_its_nature(span: &JsonSpan<'_>) -> bool {
    nature(span).iter().any(|kind| Fitting::default().push(kind, span, &mut Vec::new()))
}
