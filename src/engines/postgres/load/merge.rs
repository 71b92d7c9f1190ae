//! The one transaction that moves records from where they wait into their tables.

use tokio_postgres::types::Type;

use super::filling::Filling;
use super::staged::Staging;
use super::statements::{self, REGISTER};
use super::{Load, LoadTable};
use crate::engines::Failure;

impl Load {
    pub(super) async fn merge(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        self.flush_all().await?;
        let schema = self.target.schema.clone();
        self.begin().await?;
        self.run(&statements::lock(&schema)).await?;
        self.run(statements::MEMORY).await?;
        let there = self.session.row(statements::HAS_SCHEMA, &[(&schema, Type::TEXT)]).await;
        if !there.map_err(|error| self.refusal(&error))?.get::<_, bool>(0) {
            self.run(&statements::schema(&schema)).await?;
        }
        self.run(&statements::register(&schema)).await?;
        if !self
            .columns(&[REGISTER])
            .await?
            .get(REGISTER)
            .is_some_and(|register| register.columns.contains_key("widened"))
        {
            self.run(&statements::renew_register(&schema)).await?;
        }
        let entries = self.judged_entries().await?;
        self.stay_as_they_were(&entries)?;
        for place in 0..self.tables.len() {
            // Tables of which nothing came are filled too.
            let _ = self.staging(place);
        }
        let (tables, stagings) = (self.tables.clone(), std::mem::take(&mut self.stagings));
        for (place, (table, staging)) in tables.iter().zip(&stagings).enumerate() {
            let Some(staging) = staging else { continue };
            if table.is_whole && incomplete.contains(&place) {
                let note = format!("The table {} stays as it was: its stream was not read to the end.", table.name);
                self.notes.push(note);
                continue;
            }
            let entry = entries.get(&table.name);
            let filling =
                Filling { load: self, place, table, staging, name: statements::table_of(&schema, &table.name) };
            let notes = filling.fill(entry).await?;
            self.notes.extend(notes);
        }
        Ok(())
    }

    /// Where the records of a table are made ready; begun with the first of them, when it is settled whether they take the place of others.
    pub(super) fn staging(&mut self, place: usize) -> Option<&mut Staging> {
        let (table, slot) = (self.tables.get(place)?, self.stagings.get_mut(place)?);
        let (there, has_infinite) = (self.there.get(&table.name), self.has_infinite);
        Some(slot.get_or_insert_with(|| table.staging(there, has_infinite)))
    }
}

impl LoadTable {
    /// Whether its name is one that this product needs itself.
    pub(super) fn is_taken(&self) -> bool {
        self.name == REGISTER
    }
}
