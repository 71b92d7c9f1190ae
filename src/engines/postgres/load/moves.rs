//! The statements that move what waits (`w`) into its table (`t`). Of a table that has rows already only those are written that changed, are
//! new, or have gone: what stayed as it was costs no write and leaves no dead row.

use super::plan::FieldPlan;
use super::statements::{KEY, READ_AT, RUN, waiting};
use super::types::ColumnType;
use super::way::{HASH, KeyWay};
use crate::engines::postgres::quote::quoted;

/// When the run began, as a parameter of a statement.
const BEGAN: &str = "$2::text::timestamp with time zone";

/// What is moved where.
pub(super) struct Moves<'a> {
    pub(super) place: usize,
    /// The table's name in statements.
    pub(super) table: &'a str,
    pub(super) fields: &'a [FieldPlan],
    pub(super) keys: &'a [&'a FieldPlan],
    pub(super) way: &'a KeyWay,
    /// Columns of which the records know nothing any more, with their types: they become empty.
    pub(super) emptied: &'a [(String, ColumnType)],
}

impl Moves<'_> {
    fn equal(&self) -> String {
        let parts: Vec<String> = self.way.same(self.keys).iter().map(|(w, t)| format!("{w} = {t}")).collect();
        parts.join(" AND ")
    }

    /// What differs from row to row, and what the planner of the server has to know about it.
    pub(super) fn analyze(&self, columns: &[usize]) -> String {
        let columns: String = columns.iter().map(|number| format!(", c{number}")).collect();
        format!("ANALYZE {} (n{columns})", waiting(self.place))
    }

    /// Of several records with the same key only the last stays.
    pub(super) fn keep_last(&self) -> String {
        let keys: Vec<String> = match self.way {
            KeyWay::Hash => vec!["w.key::text".to_owned()],
            way => way.same(self.keys).into_iter().map(|(w, _)| w).collect(),
        };
        let names: Vec<String> = (0..keys.len()).map(|number| format!("k{number}")).collect();
        let listed: Vec<String> = keys.iter().zip(&names).map(|(key, name)| format!("{key} AS {name}")).collect();
        let same: Vec<String> = keys.iter().zip(&names).map(|(key, name)| format!("{key} = d.{name}")).collect();
        let waiting = waiting(self.place);
        format!(
            "DELETE FROM {waiting} AS w USING (SELECT {}, max(w.n) AS last FROM {waiting} AS w GROUP BY {} HAVING count(*) > 1) AS d
             WHERE {} AND w.n < d.last",
            listed.join(", "),
            keys.join(", "),
            same.join(" AND ")
        )
    }

    /// Columns and values of a new row; parameters: run, when it began.
    fn row(&self) -> (String, String) {
        let (mut columns, mut values) =
            (vec![RUN.to_owned(), READ_AT.to_owned()], vec!["$1::text".to_owned(), BEGAN.to_owned()]);
        if *self.way == KeyWay::Hash {
            columns.push(KEY.to_owned());
            values.push(HASH.to_owned());
        }
        columns.extend(self.fields.iter().map(|field| quoted(&field.column)));
        values.extend(self.fields.iter().map(|field| field.value.clone()));
        (columns.join(", "), values.join(", "))
    }

    /// All that waits is new.
    pub(super) fn insert_all(&self) -> String {
        let (columns, values) = self.row();
        format!("INSERT INTO {} ({columns}) SELECT {values} FROM {} AS w", self.table, waiting(self.place))
    }

    fn todo(&self) -> String {
        format!("pg_temp.todo_{}", self.place)
    }

    /// What there is to do: rows that wait (`n`) and rows of the table (`at`) that belong together and differ, or have no other one. Rows
    /// that do not wait go only when the records take the place of all (`replaces`).
    pub(super) fn compare(&self, replaces: bool) -> String {
        let join = if replaces { "FULL" } else { "LEFT" };
        let (waiting, table) = (waiting(self.place), self.table);
        self.todo_of(&format!("{waiting} AS w {join} JOIN {table} AS t ON {}", self.equal()), "t.ctid")
    }

    /// The same for a table without keys: rows with the same values belong together, as many times as they come. They are found by a quick
    /// hash and then compared, so that two with the same hash by chance do no harm.
    pub(super) fn compare_whole(&self, has_record_hash: bool) -> String {
        let of = |columns: &str, from: &str, row: &[String]| {
            let row = format!("ROW({})", row.join(", "));
            let mark = if has_record_hash {
                format!("hash_record_extended({row}, 0)")
            } else {
                format!("hashtextextended({row}::text, 0)")
            };
            format!(
                "(SELECT {columns}, {mark} AS _vestibule_mark, row_number() OVER (PARTITION BY {mark}) AS _vestibule_time FROM {from})"
            )
        };
        let waiting = waiting(self.place);
        let mut values: Vec<String> =
            self.fields.iter().map(|field| field.kind.comparable(&format!("({})", field.value))).collect();
        let column = |name: &str, kind: &ColumnType| kind.comparable(&format!("t.{}", quoted(name)));
        let mut columns: Vec<String> = self.fields.iter().map(|field| column(&field.column, &field.kind)).collect();
        values.extend(self.emptied.iter().map(|(_, kind)| kind.comparable(&format!("NULL::{}", kind.sql()))));
        columns.extend(self.emptied.iter().map(|(name, kind)| column(name, kind)));
        let w = of("w.*", &format!("{waiting} AS w"), &values);
        let t = of("t.*, t.ctid AS _vestibule_at", &format!("{} AS t", self.table), &columns);
        self.todo_of(&format!("{w} AS w FULL JOIN {t} AS t ON w._vestibule_mark = t._vestibule_mark AND w._vestibule_time = t._vestibule_time"), "t._vestibule_at")
    }

    /// The pairs of a join that differ, or are none.
    fn todo_of(&self, join: &str, at: &str) -> String {
        let pair = |field: &FieldPlan| {
            let column = field.kind.comparable(&format!("t.{}", quoted(&field.column)));
            (column, field.kind.comparable(&format!("({})", field.value)))
        };
        let (columns, values): (Vec<String>, Vec<String>) = self.fields.iter().map(pair).unzip();
        let mut differs: Vec<String> =
            columns.iter().zip(&values).map(|(t, w)| format!("{t} IS DISTINCT FROM {w}")).collect();
        differs.extend(self.emptied.iter().map(|(column, _)| format!("t.{} IS NOT NULL", quoted(column))));
        differs.push(format!("w.n IS NULL OR {at} IS NULL"));
        format!(
            "CREATE TEMPORARY TABLE todo_{} ON COMMIT DROP AS SELECT w.n, {at} AS at FROM {join} WHERE {}",
            self.place,
            differs.join(" OR ")
        )
    }

    /// How many are to be renewed, added and taken away.
    pub(super) fn count(&self) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE n IS NOT NULL AND at IS NOT NULL), count(*) FILTER (WHERE at IS NULL),
                count(*) FILTER (WHERE n IS NULL) FROM {}",
            self.todo()
        )
    }

    pub(super) fn analyze_todo(&self) -> String {
        format!("ANALYZE {}", self.todo())
    }

    /// Parameters: run, when it began.
    pub(super) fn renew(&self) -> String {
        let mut set = vec![format!("{RUN} = $1::text"), format!("{READ_AT} = {BEGAN}")];
        set.extend(self.fields.iter().map(|field| format!("{} = {}", quoted(&field.column), field.value)));
        set.extend(self.emptied.iter().map(|(column, _)| format!("{} = NULL", quoted(column))));
        format!(
            "UPDATE {} AS t SET {} FROM {} AS d JOIN {} AS w ON w.n = d.n WHERE t.ctid = d.at",
            self.table,
            set.join(", "),
            self.todo(),
            waiting(self.place)
        )
    }

    /// Parameters: run, when it began.
    pub(super) fn add(&self) -> String {
        let (columns, values) = self.row();
        format!(
            "INSERT INTO {} ({columns}) SELECT {values} FROM {} AS w JOIN {} AS d ON d.n = w.n WHERE d.at IS NULL",
            self.table,
            waiting(self.place),
            self.todo()
        )
    }

    pub(super) fn take_away(&self) -> String {
        format!("DELETE FROM {} AS t USING {} AS d WHERE t.ctid = d.at AND d.n IS NULL", self.table, self.todo())
    }
}
