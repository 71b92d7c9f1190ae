//! One table being filled: its columns made to fit the records, then the records moved.

use tokio_postgres::types::{ToSql, Type};

use super::columns::column_name;
use super::moves::Moves;
use super::plan::FieldPlan;
use super::register::{RegisterEntry, keys_text};
use super::sending::MOST_COLUMNS;
use super::shape::TableShape;
use super::staged::Staging;
use super::statements::{self, KEY, READ_AT, RUN};
use super::types::ColumnType;
use super::way::KeyWay;
use super::{Load, LoadTable};
use crate::engines::postgres::refusals;
use crate::engines::postgres::session::Value;
use crate::engines::{Failure, FailureReason};

/// One table being filled.
pub(super) struct Filling<'a> {
    pub(super) load: &'a Load,
    pub(super) place: usize,
    pub(super) table: &'a LoadTable,
    pub(super) staging: &'a Staging,
    /// Its name in statements.
    pub(super) name: String,
}

/// What the table is, when the records can come.
struct Ready {
    plans: Vec<FieldPlan>,
    way: KeyWay,
    /// It has no row.
    is_empty: bool,
    /// Columns of which the records know nothing.
    emptied: Vec<(String, ColumnType)>,
    notes: Vec<String>,
}

impl Filling<'_> {
    /// Fills it; gives what is worth a line of the log.
    pub(super) async fn fill(&self, entry: Option<&RegisterEntry>) -> Result<Vec<String>, Failure> {
        let plans = self.staging.plans(self.load.has_infinite);
        let ready = match entry {
            None => {
                self.run(&statements::create(&self.name)).await?;
                self.made(plans, &TableShape::default(), Vec::new()).await?
            }
            Some(entry) => {
                self.run(&format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self.name)).await?;
                let shape = self.load.shape(&self.table.name).await?;
                self.fitted(plans, &shape, !entry.has_no_keys()).await?
            }
        };
        let (records, mut notes) = self.move_records(&ready).await?;
        notes.splice(0..0, ready.notes.iter().cloned().chain(self.lost()));
        let differences: Vec<String> = ready.plans.iter().filter_map(FieldPlan::difference).collect();
        self.enter(records, &differences.join("; ")).await?;
        Ok(notes)
    }

    /// Characters that could not be kept, in words.
    fn lost(&self) -> impl Iterator<Item = String> + '_ {
        let lost = self.staging.fields.iter().filter(|field| field.lost > 0);
        lost.map(|field| {
            format!(
                "{}: {} characters in {} are none that PostgreSQL holds (NUL, or halves of one); each became U+FFFD.",
                self.table.name, field.lost, field.name
            )
        })
    }

    /// Tells the register.
    async fn enter(&self, records: i64, differences: &str) -> Result<(), Failure> {
        let loading = &self.load.loading;
        let (keys, enter) = (keys_text(self.table), statements::enter(&self.load.target.schema));
        let texts = [
            self.table.name.as_str(),
            &loading.source_id,
            &loading.source,
            &self.table.stream,
            &keys,
            &loading.run,
            differences,
        ];
        let mut values: Vec<Value<'_>> = Vec::with_capacity(8);
        values.extend(texts.iter().map(|text| (text as &(dyn ToSql + Sync), Type::TEXT)));
        values.push((&records, Type::INT8));
        self.count(&enter, &values).await.map(|_| ())
    }

    /// The plans of the key fields, in the order of the keys.
    fn keys<'a>(&self, plans: &'a [FieldPlan]) -> Vec<&'a FieldPlan> {
        let fields = self.table.keys.iter().filter_map(|path| path.first().filter(|_| path.len() == 1));
        fields.filter_map(|field| plans.iter().find(|plan| plan.field == *field)).collect()
    }

    /// Gives an empty table the columns that are missing.
    async fn made(&self, plans: Vec<FieldPlan>, shape: &TableShape, notes: Vec<String>) -> Result<Ready, Failure> {
        let way = KeyWay::suiting(self.table, &self.keys(&plans), self.staging.has_unfit_keys);
        if way == KeyWay::Hash && !shape.columns.contains_key(KEY) {
            self.run(&statements::add_hash(&self.name)).await?;
        }
        let mut notes = notes;
        // A type that somebody gave a column has another reason.
        let found = plans.iter().filter(|plan| !matches!(plan.kind, ColumnType::Other(_)));
        let differences = found.filter_map(FieldPlan::difference);
        notes.extend(differences.map(|words| format!("{}: {words}, because not every value fits.", self.table.name)));
        self.add_missing(&plans, shape, &mut notes).await?;
        Ok(Ready { plans, way, is_empty: true, emptied: Vec::new(), notes })
    }

    async fn add_missing(
        &self,
        plans: &[FieldPlan],
        shape: &TableShape,
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let missing: Vec<&FieldPlan> = plans.iter().filter(|plan| shape.kind(&plan.column).is_none()).collect();
        if missing.len() + shape.columns.len() > MOST_COLUMNS {
            let words = format!("{} has more than {MOST_COLUMNS} fields. Choose fields.", self.table.stream);
            return Err(Failure::new(FailureReason::NotSupported, words));
        }
        for plan in missing {
            self.run(&statements::add_column(&self.name, &plan.column, &plan.kind)).await?;
            if !shape.columns.is_empty() {
                notes.push(format!("{} has a new column: {}.", self.table.name, plan.column));
            }
        }
        Ok(())
    }

    /// Makes a table fit that is there already.
    async fn fitted(&self, plans: Vec<FieldPlan>, shape: &TableShape, had_keys: bool) -> Result<Ready, Failure> {
        let keys: Vec<String> = self.keys(&plans).iter().map(|key| key.column.clone()).collect();
        let there = shape.way(self.table, &keys, had_keys);
        let mut notes = Vec::new();
        if self.table.replaces {
            let wanted: Vec<FieldPlan> = plans.iter().map(|plan| self.wanted(plan, shape)).collect();
            let way = KeyWay::suiting(self.table, &self.keys(&wanted), self.staging.has_unfit_keys);
            if let Some(changed) = self.rebuild(&wanted, shape, &there, &way).await? {
                let shape = if changed.is_empty() && there == way {
                    shape.clone()
                } else {
                    self.load.shape(&self.table.name).await?
                };
                if there != way || !changed.is_empty() {
                    return self.made(wanted, &shape, changed).await;
                }
                return self.widened(wanted, &shape, there, notes).await;
            }
            notes.push(format!(
                "{} keeps its columns as they are, because something uses them, often a view. Without it the next extraction from the beginning gives them the types of the source.",
                self.table.name
            ));
        }
        self.widened(plans, shape, there, notes).await
    }

    /// The type a column gets in a table that is filled anew: what the source says and the values need. Fields of which it says nothing only
    /// widen, and a type that somebody gave it stays.
    fn wanted(&self, plan: &FieldPlan, shape: &TableShape) -> FieldPlan {
        let plan = plan.clone();
        match shape.kind(&plan.column) {
            Some(other @ ColumnType::Other(_)) => plan.becoming(other.clone(), self.staging),
            Some(before) if plan.declared.is_none() => {
                let kind = before.clone().wide_enough(plan.kind.clone());
                plan.becoming(kind, self.staging)
            }
            _ => plan,
        }
    }

    /// Empties a table whose columns or keys are to be other ones; gives what has changed, in words, or `None` when something uses them.
    async fn rebuild(
        &self,
        wanted: &[FieldPlan],
        shape: &TableShape,
        there: &KeyWay,
        way: &KeyWay,
    ) -> Result<Option<Vec<String>>, Failure> {
        let others = |plan: &&FieldPlan| shape.kind(&plan.column).is_some_and(|before| *before != plan.kind);
        let others: Vec<&FieldPlan> = wanted.iter().filter(others).collect();
        if others.is_empty() && there == way {
            return Ok(Some(Vec::new()));
        }
        let mut statements = vec![format!("TRUNCATE {}", self.name)];
        if let Some((name, columns)) = shape.primary.as_ref().filter(|_| *there != KeyWay::None || *way != KeyWay::None)
        {
            statements.push(statements::drop_constraint(&self.name, name));
            let columns: Vec<String> = columns.iter().filter(|column| *column != KEY).cloned().collect();
            statements.extend((!columns.is_empty()).then(|| statements::allow_nothing(&self.name, &columns)));
        }
        if shape.columns.contains_key(KEY) {
            statements.push(statements::drop_hash(&self.name));
        }
        statements.extend(others.iter().map(|plan| statements::retype(&self.name, &plan.column, &plan.kind)));
        let words =
            |plan: &&FieldPlan| format!("{}: {} is {} from now on.", self.table.name, plan.column, plan.kind.sql());
        let words: Vec<String> = others.iter().map(words).collect();
        Ok(self.tried(&statements.join("; ")).await?.then_some(words))
    }

    /// Runs statements; `false` when others depend on what they change, and then nothing has changed.
    async fn tried(&self, statements: &str) -> Result<bool, Failure> {
        self.run(statements::TRY).await?;
        match self.load.session.run(statements).await {
            Ok(()) => self.run(statements::TRIED).await.map(|()| true),
            Err(error) if refusals::is_used_elsewhere(&error) => self.run(statements::TAKE_BACK).await.map(|()| false),
            Err(error) => Err(self.load.refusal(&error)),
        }
    }

    /// Widens the columns that are too narrow and adds those that are missing; all rows stay.
    async fn widened(
        &self,
        plans: Vec<FieldPlan>,
        shape: &TableShape,
        there: KeyWay,
        notes: Vec<String>,
    ) -> Result<Ready, Failure> {
        let (mut fitting, mut notes) = (Vec::with_capacity(plans.len()), notes);
        for plan in plans {
            let before = shape.kind(&plan.column).cloned();
            let wide = before.clone().map_or_else(|| plan.kind.clone(), |before| before.wide_enough(plan.kind.clone()));
            if let Some(before) = before.filter(|before| *before != wide) {
                self.run(&statements::widen(&self.name, &plan.column, &before, &wide)).await?;
                notes.push(format!("{}: {} is {} from now on.", self.table.name, plan.column, wide.sql()));
            }
            fitting.push(plan.becoming(wide, self.staging));
        }
        self.add_missing(&fitting, shape, &mut notes).await?;
        let way = self.kept_way(&fitting, shape, there, &mut notes).await?;
        let emptied = if self.table.replaces { unknown(&fitting, shape) } else { Vec::new() };
        Ok(Ready { plans: fitting, way, is_empty: false, emptied, notes })
    }

    /// The way of a table that keeps its rows: a primary key that records have no value for is given up.
    async fn kept_way(
        &self,
        plans: &[FieldPlan],
        shape: &TableShape,
        there: KeyWay,
        notes: &mut Vec<String>,
    ) -> Result<KeyWay, Failure> {
        if there == KeyWay::Hash && !self.staging.is_hashed && !self.table.keys.is_empty() {
            let words = format!("The table {} was changed while {} was read.", self.table.name, self.table.stream);
            return Err(Failure::new(FailureReason::Refused, words));
        }
        let suits = KeyWay::suiting(self.table, &self.keys(plans), self.staging.has_unfit_keys);
        let Some((name, columns)) =
            shape.primary.as_ref().filter(|_| there == KeyWay::Primary && suits == KeyWay::Loose)
        else {
            return Ok(there);
        };
        self.run(&statements::drop_constraint(&self.name, name)).await?;
        self.run(&statements::allow_nothing(&self.name, columns)).await?;
        notes.push(format!(
            "{} has no primary key any more, because some records have no value in {}, or one too long for an index.",
            self.table.name,
            columns.join(", ")
        ));
        Ok(suits)
    }

    /// Moves the records; gives how many they were, and what is worth a line of the log.
    async fn move_records(&self, ready: &Ready) -> Result<(i64, Vec<String>), Failure> {
        let keys = self.keys(&ready.plans);
        let (place, table) = (self.place, self.name.as_str());
        let (fields, way, emptied) = (&ready.plans, &ready.way, &ready.emptied);
        let moves = Moves { place, table, fields, keys: &keys, way, emptied };
        let mut notes = Vec::new();
        let mut records = self.staging.rows();
        let is_keyed = *way != KeyWay::None;
        if is_keyed && records > 0 && (!ready.is_empty || self.staging.may_repeat()) {
            let of_keys = self.staging.key_fields.iter().filter_map(|field| self.staging.fields.get(*field));
            let numbers: Vec<usize> = of_keys.flat_map(|field| &field.columns).map(|column| column.number).collect();
            self.run(&moves.analyze(&numbers)).await?;
        }
        if is_keyed && records > 0 && self.staging.may_repeat() {
            let twice = i64::try_from(self.count(&moves.keep_last(), &[]).await?).unwrap_or(i64::MAX);
            records -= twice;
            if twice > 0 && self.table.is_whole {
                notes.push(format!(
                    "{}: {twice} records have the same primary key as a later one, which took their place.",
                    self.table.name
                ));
            }
        }
        if ready.is_empty {
            self.count(&moves.insert_all(), &self.of_run()).await?;
            if *way == KeyWay::Primary {
                let columns: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
                self.run(&statements::add_primary(&self.name, &columns)).await?;
            }
        } else if is_keyed {
            self.renew(&moves, &moves.compare(self.table.replaces)).await?;
        } else {
            // Records are hashed since the same version.
            self.renew(&moves, &moves.compare_whole(self.load.has_infinite)).await?;
        }
        Ok((records, notes))
    }

    /// Writes what has changed.
    async fn renew(&self, moves: &Moves<'_>, compare: &str) -> Result<(), Failure> {
        self.run(compare).await?;
        let row = self.load.session.row(&moves.count(), &[]).await.map_err(|error| self.load.refusal(&error))?;
        let (renewed, added, gone): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        if renewed + added + gone > 0 {
            self.run(&moves.analyze_todo()).await?;
        }
        if gone > 0 {
            self.count(&moves.take_away(), &[]).await?;
        }
        if renewed > 0 {
            self.count(&moves.renew(), &self.of_run()).await?;
        }
        if added > 0 {
            self.count(&moves.add(), &self.of_run()).await?;
        }
        Ok(())
    }

    /// The run, and when it began.
    fn of_run(&self) -> [Value<'_>; 2] {
        let loading = &self.load.loading;
        [(&loading.run, Type::TEXT), (&loading.began, Type::TEXT)]
    }

    async fn run(&self, statement: &str) -> Result<(), Failure> {
        self.load.run(statement).await
    }

    async fn count(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        self.load.session.count(statement, values).await.map_err(|error| self.load.refusal(&error))
    }
}

/// Columns that are there, and of which the records know nothing.
fn unknown(plans: &[FieldPlan], shape: &TableShape) -> Vec<(String, ColumnType)> {
    let own = [RUN, READ_AT, KEY];
    let is_unknown = |name: &str| !own.contains(&name) && !plans.iter().any(|plan| plan.column == name);
    let columns = shape.columns.iter().filter(|(name, column)| is_unknown(name) && !column.has_default);
    columns.map(|(name, column)| (name.clone(), column.kind.clone())).collect()
}

impl LoadTable {
    /// Where its records are made ready; `there` is the table that is there already.
    pub(super) fn staging(&self, there: Option<&TableShape>, has_infinite: bool) -> Staging {
        let fields = self.declared.iter().map(|(name, declared)| {
            let kind = there.filter(|_| !self.replaces).and_then(|shape| shape.kind(&column_name(name)));
            (name.clone(), declared.clone(), kind.cloned())
        });
        let is_hashed = there.is_some_and(|shape| shape.columns.contains_key(KEY)) || self.has_nested_keys();
        let mut staging = Staging::new(fields, self.keys.clone(), has_infinite);
        staging.is_hashed = !self.keys.is_empty() && is_hashed;
        staging
    }
}
