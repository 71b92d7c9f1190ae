//! Row versions: PostgreSQL keeps with every row the number of the transaction that wrote it (`xmin`).
//!
//! All transactions below the horizon of a snapshot (its own `xmin`) had ended when it was taken. What they wrote was seen then, or never
//! will be; so what is new since a reading is what was written by a transaction at or above the horizon of that reading, whatever it wrote
//! and whenever it ended. Only the horizon counts, not the list of those that were open: it leaves out savepoints, which have numbers too.
//! Rows of transactions that were above the horizon and had ended are read twice.
//!
//! A row keeps 32 bits of the number. The rest follows from the number that comes next: of all that fit, the highest below it is taken. So a
//! row that is new is never taken for an old one; an old one can look new after four thousand million transactions, and is read twice.
//!
//! Some rows are new to a table although nobody wrote them: those of a part that was attached, or of another table that has got its name. So
//! the tables whose rows were seen are kept too. Another server (restored, or promoted with some transactions lost) counts anew: it is known by
//! its identifier and its timeline, where these may be asked for, or by numbers that are lower than before. A deleted row leaves no version.
//!
//! Views, foreign tables and tables that are stored in other ways have none.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::quote::literal;
use super::refusals;
use super::session::Session;
use crate::engines::Failure;

/// How far the versions of a table's rows were seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenVersions {
    /// All transactions below it had ended.
    horizon: i64,
    /// The server that counts so.
    #[serde(default)]
    server: Option<String>,
    /// The table and its parts, by their numbers.
    tables: BTreeSet<u32>,
}

/// What must be known of a relation before it is read.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// Its rows have versions, and they may be read.
    pub(super) has_versions: bool,
    /// The server follows another one.
    pub(super) is_copy: bool,
    server: Option<String>,
}

/// The moment that a transaction sees.
#[derive(Debug)]
pub(super) struct SeenMoment {
    /// The number that the next transaction gets.
    next: i64,
    seen: SeenVersions,
}

/// The relation and all that it is made of.
fn parts(table: &str) -> String {
    format!(
        "WITH RECURSIVE parts(oid) AS (SELECT {}::regclass::oid
             UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.oid)",
        literal(table)
    )
}

impl Relation {
    /// Looks in transactions of its own; `table` is a name as it stands in statements.
    pub(super) async fn look(session: &Session, table: &str) -> Result<Self, Failure> {
        let sql = format!(
            "{} SELECT bool_and(c.relkind IN ('r', 'm', 'p') AND coalesce(m.amname, 'heap') = 'heap'
                    AND CASE WHEN c.oid <> {root} THEN true WHEN c.relkind IN ('r', 'm', 'p')
                        THEN has_column_privilege(c.oid, 'xmin', 'SELECT') AND has_column_privilege(c.oid, 'tableoid', 'SELECT')
                        ELSE false END), pg_is_in_recovery()
             FROM parts JOIN pg_class c USING (oid) LEFT JOIN pg_am m ON m.oid = c.relam",
            parts(table),
            root = format_args!("{}::regclass", literal(table))
        );
        let asked = async { session.row(&sql, &[]).await.map_err(|error| refusals::of_statement(&error)) };
        let row = session.step(asked).await?;
        // Some providers do not let anybody ask.
        let asked = async {
            let sql = "SELECT s.system_identifier::text || '/' || c.timeline_id::text FROM pg_control_system() s, pg_control_checkpoint() c";
            session.row(sql, &[]).await.map_err(|error| refusals::of_statement(&error))
        };
        let server = session.step(asked).await.ok().and_then(|row| row.get(0));
        Ok(Self { has_versions: row.get(0), is_copy: row.get(1), server })
    }
}

impl SeenMoment {
    /// What the transaction sees that goes on.
    pub(super) async fn now(session: &Session, table: &str, relation: &Relation) -> Result<Self, Failure> {
        let sql = format!(
            "{} SELECT txid_snapshot_xmin(s.now), txid_snapshot_xmax(s.now), (SELECT array_agg(oid) FROM parts)
             FROM (SELECT txid_current_snapshot() AS now) AS s",
            parts(table)
        );
        let row = session.row(&sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        let tables = row.get::<_, Vec<u32>>(2).into_iter().collect();
        let seen = SeenVersions { horizon: row.get(0), server: relation.server.clone(), tables };
        Ok(Self { next: row.get(1), seen })
    }

    /// Whether this moment comes after what was seen, on the same server.
    pub(super) fn continues(&self, seen: &SeenVersions) -> bool {
        let is_other = seen.server.is_some() && self.seen.server.is_some() && seen.server != self.seen.server;
        !is_other && self.next >= seen.horizon
    }

    /// The condition that a row was not there, or not as it is, when others were seen: by its version and by its key, or because its table
    /// was not seen then.
    pub(super) fn news(&self, seen: &SeenVersions, row: &str, by_key: Option<String>) -> String {
        let mut news = is_since(&format!("{row}.xmin::text::bigint"), self.next, seen.horizon);
        if let Some(by_key) = by_key {
            news = format!("({news} AND {by_key})");
        }
        let tables: Vec<String> = self.seen.tables.difference(&seen.tables).map(u32::to_string).collect();
        if tables.is_empty() { news } else { format!("({row}.tableoid IN ({}) OR {news})", tables.join(", ")) }
    }

    /// What will have been seen when everything of this moment was.
    pub(super) fn into_seen(self) -> SeenVersions {
        self.seen
    }
}

/// The condition that the transaction of which these are the lower 32 bits is at or above the horizon. Those up to 2 are no transactions.
fn is_since(bits: &str, next: i64, horizon: i64) -> String {
    let last = next - 1;
    format!("({bits} > 2 AND (({last} - {bits}) & 4294967295) <= {})", last - horizon)
}
