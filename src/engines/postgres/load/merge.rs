//! The one transaction that moves records from where they wait into their tables.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::{ToSql, Type};

use super::columns::{ColumnType, Seen, column_name};
use super::register::{RegisterEntry, keys_text};
use super::statements::{self, KEY, REGISTER};
use super::{Load, LoadTable};
use crate::engines::postgres::session::Value;
use crate::engines::{Failure, FailureReason};

/// PostgreSQL has room for 1,600 columns in a table.
const MOST_COLUMNS: usize = 1_500;

impl Load {
    pub(super) async fn merge(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        let schema = self.target.schema.clone();
        self.begin().await?;
        self.run(&statements::lock(&schema)).await?;
        let there = self.session.row(statements::HAS_SCHEMA, &[(&schema, Type::TEXT)]).await;
        if !there.map_err(|error| self.refusal(&error))?.get::<_, bool>(0) {
            self.run(&statements::schema(&schema)).await?;
        }
        self.run(&statements::register(&schema)).await?;
        let entries = self.judged_entries().await?;
        self.stay_as_they_were(&entries)?;
        let tables = self.tables.clone();
        let has_judges = tables.iter().any(|table| table.columns.iter().any(|column| is_timely(&column.kind)));
        if has_judges {
            self.run(statements::JUDGES).await?;
        }
        for (place, table) in tables.iter().enumerate() {
            if table.is_whole && incomplete.contains(&place) {
                let note = format!("The table {} stays as it was: its stream was not read to the end.", table.name);
                self.notes.push(note);
                continue;
            }
            let entry = entries.get(&table.name);
            let filling = Filling { load: self, place, table, name: statements::table_of(&schema, &table.name) };
            let notes = filling.fill(entry).await?;
            self.notes.extend(notes);
        }
        if has_judges {
            self.run(statements::NO_JUDGES).await?;
        }
        Ok(())
    }
}

fn is_timely(kind: &str) -> bool {
    matches!(ColumnType::hinted(kind), Some(ColumnType::Date | ColumnType::Time))
}

/// One table being filled.
struct Filling<'a> {
    load: &'a Load,
    place: usize,
    table: &'a LoadTable,
    /// Its name in statements.
    name: String,
}

impl Filling<'_> {
    /// Fills it; gives what is worth a line of the log.
    async fn fill(&self, entry: Option<&RegisterEntry>) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        if entry.is_none() {
            self.load.run(&statements::create(&self.name)).await?;
        }
        if entry.is_some() && self.table.replaces {
            self.count(&format!("DELETE FROM {}", self.name), &[]).await?;
        }
        let fields = self.fit_columns(entry.is_some(), &mut notes).await?;
        let insert = statements::insert(self.place, &self.name, &fields, &self.table.keys);
        let loading = &self.load.loading;
        let count = self.count(&insert, &[(&loading.run, Type::TEXT), (&loading.began, Type::TEXT)]).await?;
        let records = i64::try_from(count).unwrap_or(i64::MAX);
        let (keys, enter) = (keys_text(self.table), statements::enter(&self.load.target.schema));
        let texts = [&self.table.name, &loading.source_id, &loading.source, &self.table.stream, &keys, &loading.run];
        let mut values: Vec<Value<'_>> = Vec::with_capacity(7);
        values.extend(texts.map(|text| (text as &(dyn ToSql + Sync), Type::TEXT)));
        values.push((&records, Type::INT8));
        self.count(&enter, &values).await?;
        Ok(notes)
    }

    /// Makes the columns that are missing and widens those that are too narrow; gives the fields with the types of their columns.
    async fn fit_columns(
        &self,
        was_there: bool,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(String, ColumnType)>, Failure> {
        let mut there = self.columns().await?;
        if !self.table.keys.is_empty() && !there.contains_key(KEY) {
            self.load.run(&statements::add_key(&self.name)).await?;
        }
        let found = self.found().await?;
        let wanted = found.iter().map(|(field, _)| column_name(field)).collect::<BTreeSet<_>>();
        if wanted.union(&there.keys().cloned().collect()).count() > MOST_COLUMNS {
            let words = format!("{} has more than {MOST_COLUMNS} fields. Choose fields.", self.table.stream);
            return Err(Failure::new(FailureReason::NotSupported, words));
        }
        let mut fields = Vec::new();
        for (field, kind) in found {
            let column = column_name(&field);
            let fitting = match there.get(&column) {
                None => {
                    self.load.run(&statements::add_column(&self.name, &column, &kind)).await?;
                    if was_there {
                        notes.push(format!("{} has a new column: {column}.", self.table.name));
                    }
                    kind
                }
                Some(before) => {
                    let wide = before.clone().wide_enough(kind);
                    if wide != *before {
                        self.load.run(&statements::widen(&self.name, &column, &wide)).await?;
                        notes.push(format!("{}: {column} is {} from now on.", self.table.name, wide.sql()));
                    }
                    wide
                }
            };
            there.insert(column, fitting.clone());
            fields.push((field, fitting));
        }
        Ok(fields)
    }

    /// The columns that are there.
    async fn columns(&self) -> Result<BTreeMap<String, ColumnType>, Failure> {
        let (session, schema) = (&self.load.session, &self.load.target.schema);
        let rows = session.rows(statements::COLUMNS, &[(schema, Type::TEXT), (&self.table.name, Type::TEXT)]).await;
        let rows = rows.map_err(|error| self.load.refusal(&error))?;
        Ok(rows.iter().map(|row| (row.get(0), ColumnType::of_sql(row.get(1)))).collect())
    }

    /// The fields of the records, those the source knows first and in its order, with the types they need.
    async fn found(&self) -> Result<Vec<(String, ColumnType)>, Failure> {
        let rows = self.load.session.rows(&statements::fields(self.place), &[]).await;
        let rows = rows.map_err(|error| self.load.refusal(&error))?;
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        for row in rows {
            let one = Seen {
                booleans: row.get(1),
                numbers: row.get(2),
                others: row.get(3),
                texts: row.get(4),
                nested: row.get(5),
                ..Seen::default()
            };
            seen.insert(row.get(0), one);
        }
        let mut found = Vec::new();
        for column in &self.table.columns {
            let hint = ColumnType::hinted(&column.kind);
            let seen = seen.remove(&column.name).unwrap_or_default();
            let seen = self.timely(&column.name, hint.as_ref(), seen).await?;
            found.extend(ColumnType::of(seen, hint.as_ref()).map(|kind| (column.name.clone(), kind)));
        }
        found.extend(seen.into_iter().filter_map(|(field, seen)| Some((field, ColumnType::of(seen, None)?))));
        Ok(found)
    }

    /// Asks whether texts that are said to be dates or moments are.
    async fn timely(&self, field: &str, hint: Option<&ColumnType>, seen: Seen) -> Result<Seen, Failure> {
        let judge = match hint {
            Some(ColumnType::Date) if seen.texts => "is_date",
            Some(ColumnType::Time) if seen.texts => "is_time",
            _ => return Ok(seen),
        };
        let all = self.load.session.row(&statements::judge(self.place, field, judge), &[]).await;
        let is_wrong = !all.map_err(|error| self.load.refusal(&error))?.get::<_, bool>(0);
        Ok(Seen { no_dates: is_wrong, no_times: is_wrong, ..seen })
    }

    async fn count(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        self.load.session.count(statement, values).await.map_err(|error| self.load.refusal(&error))
    }
}

impl LoadTable {
    /// Whether its name is one that this product needs itself.
    pub(super) fn is_taken(&self) -> bool {
        self.name == REGISTER
    }
}
