//! `_vestibule_tables`: which tables of the schema are this product's, whose records they hold, and since when. Readers may look there
//! how fresh a table is.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{Load, LoadTable, TableLoss, statements};
use crate::engines::{Failure, FailureReason};

/// What the register says about a table that is there.
pub(super) struct RegisterEntry {
    source_id: String,
    source: String,
    keys: String,
    /// The run that filled it last.
    run: String,
}

impl RegisterEntry {
    /// Whether its rows were not told apart.
    pub(super) const fn has_no_keys(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The keys of a table as the register keeps them.
pub(super) fn keys_text(table: &LoadTable) -> String {
    if table.keys.is_empty() { String::new() } else { serde_json::json!(table.keys).to_string() }
}

impl Load {
    /// The register of the tables that are there; a table it does not know is somebody else's.
    pub(super) async fn entries(&self) -> Result<BTreeMap<String, RegisterEntry>, Failure> {
        let session = &self.session;
        let schema = &self.target.schema;
        let names: Vec<&str> = self.tables.iter().map(|table| table.name.as_str()).collect();
        let known =
            session.row(statements::HAS_REGISTER, &[(schema, Type::TEXT)]).await.map_err(|e| self.refusal(&e))?;
        let mut entries = BTreeMap::new();
        if known.get::<_, bool>(0) {
            let found = session
                .rows(&statements::entries(schema), &[(&names, Type::TEXT_ARRAY)])
                .await
                .map_err(|e| self.refusal(&e))?;
            for row in found {
                let entry =
                    RegisterEntry { source_id: row.get(1), source: row.get(2), keys: row.get(3), run: row.get(4) };
                entries.insert(row.get::<_, String>(0), entry);
            }
        }
        let there = session
            .rows(statements::RELATIONS, &[(schema, Type::TEXT), (&names, Type::TEXT_ARRAY)])
            .await
            .map_err(|e| self.refusal(&e))?;
        let there: Vec<String> = there.iter().map(|row| row.get(0)).collect();
        if let Some(name) = there.iter().find(|name| !entries.contains_key(*name)) {
            let words = format!(
                "There is a table {name} in the schema {schema} already that was not made here, so it is not touched. Give the stream another table name, or move that table away."
            );
            return Err(Failure::new(FailureReason::Refused, words));
        }
        entries.retain(|name, _| there.contains(name));
        Ok(entries)
    }

    /// Sees before anything is read that no table is somebody else's.
    pub(super) async fn look_at_tables(&mut self) -> Result<(), Failure> {
        if let Some(table) = self.tables.iter().find(|table| !table.is_whole && table.keys.is_empty()) {
            let words = format!(
                "{} is read as INCREMENTAL without primary keys, so its table would hold records twice. Choose its primary keys, or read it as FULL_TABLE.",
                table.stream
            );
            return Err(Failure::new(FailureReason::NotSupported, words));
        }
        let entries = self.judged_entries().await?;
        let lost = self.tables.iter().enumerate().filter_map(|(place, table)| Some((place, table.loss(&entries)?)));
        self.lost = lost.collect();
        for (place, _) in self.lost.clone() {
            self.begin_anew(place);
        }
        let new = self.tables.iter().filter(|table| !table.replaces && !entries.contains_key(&table.name));
        let words = |table: &LoadTable| {
            format!(
                "The table {} is new in this schema. Records of earlier extractions of {}, if there were any, are not in it: start an extraction from the beginning to have them too.",
                table.name, table.stream
            )
        };
        let notes: Vec<String> = new.map(words).collect();
        self.notes.extend(notes);
        Ok(())
    }

    /// Sees once more, where nobody can come between, that the tables hold what is added to.
    pub(super) fn stay_as_they_were(&self, entries: &BTreeMap<String, RegisterEntry>) -> Result<(), Failure> {
        let Some(table) = self.tables.iter().find(|table| table.loss(entries).is_some()) else { return Ok(()) };
        let words = format!(
            "The table {} was changed while {} was read, so nothing was written. The next extraction reads it from the beginning.",
            table.name, table.stream
        );
        Err(Failure::new(FailureReason::Refused, words))
    }

    /// The register, when nothing in it is in the way.
    pub(super) async fn judged_entries(&self) -> Result<BTreeMap<String, RegisterEntry>, Failure> {
        let entries = self.entries().await?;
        for table in &self.tables {
            if table.is_taken() {
                let words =
                    format!("{} needs another table name: this one is used for the list of tables.", table.stream);
                return Err(Failure::new(FailureReason::Refused, words));
            }
            let Some(entry) = entries.get(&table.name) else { continue };
            let name = &table.name;
            if entry.source_id != self.loading.source_id {
                let words = format!(
                    "The table {name} holds the records of another source, {}. Give the stream {} another table name.",
                    entry.source, table.stream
                );
                return Err(Failure::new(FailureReason::Refused, words));
            }
            if !table.replaces && entry.keys != keys_text(table) {
                let words = format!(
                    "The primary keys of {} have changed since its table {name} was filled. Start an extraction from the beginning once; it fills the table anew.",
                    table.stream
                );
                return Err(Failure::new(FailureReason::Refused, words));
            }
        }
        Ok(entries)
    }
}

impl LoadTable {
    /// Why it cannot be added to, by what the register says.
    fn loss(&self, entries: &BTreeMap<String, RegisterEntry>) -> Option<TableLoss> {
        let run = self.continues.as_ref().filter(|_| !self.replaces)?;
        match entries.get(&self.name) {
            None => Some(TableLoss::Gone),
            Some(entry) => (entry.run != *run).then_some(TableLoss::Other),
        }
    }
}
