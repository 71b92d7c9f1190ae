//! How far the mark of a replication key may come: to a value that is finite, does not lie in the future, and below which nothing can appear
//! any more.
//!
//! What can appear below it: a transaction takes its value (a number of a sequence, the time it began) and shows it when it ends, so a higher
//! value may be seen first. So a value becomes the mark only when all transactions have ended that were open when it was the highest. While
//! some are open it waits beside the mark, until a later reading finds that they have ended. On a server that follows another one nobody can
//! see who is open there; those count that had written already.
//!
//! Each reading begins at the mark itself and not above it: other rows may have its value by now. Rows without a value, or with an infinite
//! one, have no place in the order and are looked at every time. Where rows have versions, only those are passed on that are new or have
//! changed ([`super::versions`]), so neither a mark that stays behind nor a look back costs records twice; views give them twice.
//!
//! What the key does not tell is not found: a row that gets a value below the mark when its transaction began after it (the look back is for
//! those), and a change that leaves the value as it was, unless it is the mark's.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::types::Type;

use super::quote::{literal, quoted};
use super::refusals;
use super::session::Session;
use super::state::{AwaitedValue, Mark};
use super::versions::Relation;
use crate::engines::run::EventSink;
use crate::engines::{Failure, Level};

/// So long open transactions are waited for where what is read twice is passed on twice.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// The key of a table, as it is before the table is read.
pub(super) struct KeyBounds {
    kind: String,
    /// Where the last reading came to; `None`: nothing is behind.
    pub(super) since: Option<String>,
    /// Where this one may come to; `None`: nowhere yet.
    pub(super) until: Option<String>,
    /// What may become the mark later.
    pub(super) next: Option<AwaitedValue>,
}

/// The questions about one table's key.
pub(super) struct KeyQuestions<'a> {
    pub(super) session: &'a Session,
    /// As it stands in statements.
    pub(super) table: &'a str,
    pub(super) key: &'a str,
    pub(super) relation: &'a Relation,
}

impl KeyBounds {
    /// The condition that a row may be new by its key; empty: every row.
    pub(super) fn condition(&self, column: &str, look_back_hours: u64) -> Option<String> {
        let since = format!("CAST({} AS {})", literal(self.since.as_ref()?), self.kind);
        let (since, lowest) = match self.kind.as_str() {
            "timestamp with time zone" | "timestamp without time zone" => {
                let back =
                    if look_back_hours > 0 { format!(" - interval '{look_back_hours} hours'") } else { String::new() };
                (format!("{since}{back}"), format!(" OR {column} = '-infinity'"))
            }
            "date" => (format!("{since} - {}", look_back_hours.div_ceil(24)), format!(" OR {column} = '-infinity'")),
            // Since PostgreSQL 14 some are infinite; older ones cannot even read the word as a number.
            "numeric" => (since, format!(" OR {column} < {NUMBERS_END}")),
            _ => (since, String::new()),
        };
        Some(format!("({column} >= {since} OR {column} IS NULL{lowest})"))
    }
}

/// Below all finite numbers that a mark could mean.
const NUMBERS_END: &str = "-1e1000";

impl KeyQuestions<'_> {
    /// Looks before the table is read, in transactions of its own.
    pub(super) async fn look(&self, kept: Option<&Mark>, name: &str, sink: &EventSink) -> Result<KeyBounds, Failure> {
        let (kind, highest) = self
            .session
            .step(async {
                let kind = self.kind().await?;
                let highest = self.highest(&kind).await?;
                Ok((kind, highest))
            })
            .await?;
        let mut since = None;
        if let Some(value) = kept.and_then(|mark| mark.value.as_ref()) {
            if self.is_possible(value, &kind).await {
                since = Some(value.clone());
            } else {
                let words = format!(
                    "The position of {name} is no value that it can have reached, so it is read from the beginning."
                );
                sink.log(Level::Warn, &words).await?;
            }
        }
        let open = self.who_is_open().await?;
        let awaited = kept.and_then(|mark| mark.next.clone());
        let (reached, next) = match (highest, awaited) {
            (Some(highest), _) if open.is_empty() => (Some(highest), None),
            (_, Some(awaited)) if self.is_any_open(&awaited.open).await? => (None, Some(awaited)),
            (highest, awaited) => {
                (awaited.map(|awaited| awaited.value), highest.map(|value| AwaitedValue { value, open }))
            }
        };
        let mut until = since.clone();
        if let Some(reached) = reached
            && self.is_possible(&reached, &kind).await
        {
            until = Some(self.higher(until, reached, &kind).await?);
        }
        if next.is_some() {
            let words = format!(
                "Transactions are open that may write to {name} yet, so the next reading looks again at what this one reads."
            );
            sink.log(Level::Debug, &words).await?;
        }
        Ok(KeyBounds { kind, since, until, next })
    }

    async fn text(&self, sql: &str) -> Result<Option<String>, Failure> {
        let rows = self.session.rows(sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    /// The type of the key.
    async fn kind(&self) -> Result<String, Failure> {
        let sql = format!(
            "SELECT max(format_type(atttypid, NULL)) FROM pg_attribute WHERE attrelid = {}::regclass AND attname = {}",
            literal(self.table),
            literal(self.key)
        );
        Ok(self.text(&sql).await?.unwrap_or_else(|| "text".to_owned()))
    }

    /// Whether a value is one that a mark may have; one that is of another type by now is none.
    async fn is_possible(&self, value: &str, kind: &str) -> bool {
        let sql = format!("SELECT ({})::text", possible(&format!("CAST({} AS {kind})", literal(value)), kind));
        self.session.step(self.text(&sql)).await.is_ok_and(|answer| answer.as_deref() == Some("true"))
    }

    /// The highest value that a mark may have now; written so that an index answers.
    async fn highest(&self, kind: &str) -> Result<Option<String>, Failure> {
        let column = quoted(self.key);
        let fits = possible(&column, kind);
        let sql = format!(
            "SELECT {column}::text FROM {} WHERE {column} IS NOT NULL AND {fits} ORDER BY {column} DESC LIMIT 1",
            self.table
        );
        self.text(&sql).await
    }

    async fn higher(&self, one: Option<String>, other: String, kind: &str) -> Result<String, Failure> {
        let Some(one) = one else { return Ok(other) };
        let cast = |value: &str| format!("CAST({} AS {kind})", literal(value));
        let sql = format!("SELECT greatest({}, {})::text", cast(&one), cast(&other));
        Ok(self.session.step(self.text(&sql)).await?.unwrap_or(other))
    }

    /// The transactions that are open; where records would be passed on twice some time is given to them.
    async fn who_is_open(&self) -> Result<BTreeSet<String>, Failure> {
        let open = self.open().await?;
        if self.relation.has_versions {
            return Ok(open);
        }
        let deadline = Instant::now() + PATIENCE;
        while self.is_any_open(&open).await? {
            if Instant::now() >= deadline {
                return Ok(open);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(BTreeSet::new())
    }

    /// The transactions of this database that are open. Those of the server's own workers write nothing.
    async fn open(&self) -> Result<BTreeSet<String>, Failure> {
        let sql = if self.relation.is_copy {
            "SELECT 'xid ' || txid_snapshot_xmax(now) FROM (SELECT txid_current_snapshot() AS now) AS s
             WHERE txid_snapshot_xmin(now) < txid_snapshot_xmax(now)"
        } else {
            "SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid()
                 AND a.datname = current_database() AND a.usesysid IS NOT NULL
             UNION SELECT 'prepared ' || transaction::text FROM pg_prepared_xacts WHERE database = current_database()"
        };
        let asked = async { self.session.rows(sql, &[]).await.map_err(|error| refusals::of_statement(&error)) };
        Ok(self.session.step(asked).await?.iter().map(|row| row.get(0)).collect())
    }

    /// Whether one of these is open still.
    async fn is_any_open(&self, before: &BTreeSet<String>) -> Result<bool, Failure> {
        let names: Vec<&String> = before.iter().collect();
        let sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'virtualxid' AND granted AND virtualtransaction = ANY($1))
             OR EXISTS (SELECT FROM pg_prepared_xacts WHERE 'prepared ' || transaction::text = ANY($1))
             OR EXISTS (SELECT FROM unnest($1) AS n(name) WHERE name LIKE 'xid %'
                 AND substr(name, 5)::bigint > txid_snapshot_xmin(txid_current_snapshot()))";
        let asked = async {
            let row = self.session.row(sql, &[(&names, Type::TEXT_ARRAY)]).await;
            row.map(|row| row.get(0)).map_err(|error| refusals::of_statement(&error))
        };
        self.session.step(asked).await
    }
}

/// The condition that a value of a type is finite and not in the future.
fn possible(value: &str, kind: &str) -> String {
    match kind {
        "timestamp with time zone" => format!("(isfinite({value}) AND {value} <= now())"),
        // The session's zone is UTC. Clocks east of it are ahead: what they say is read again until it is past.
        "timestamp without time zone" => format!("(isfinite({value}) AND {value} <= localtimestamp)"),
        "date" => format!("(isfinite({value}) AND {value} <= current_date)"),
        "smallint" | "integer" | "bigint" => format!("({value} IS NOT NULL)"),
        _ => format!("(lower(({value})::text) NOT IN ('nan', 'infinity', '-infinity'))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_finite_and_not_in_the_future() {
        assert_eq!(possible("x", "date"), "(isfinite(x) AND x <= current_date)");
        assert!(possible("x", "timestamp with time zone").contains("x <= now()"));
        assert_eq!(possible("x", "bigint"), "(x IS NOT NULL)");
        assert!(possible("x", "numeric").contains("'nan', 'infinity', '-infinity'"));
    }

    #[test]
    fn a_reading_begins_at_the_mark_and_looks_at_what_has_no_place_in_the_order() {
        let bounds =
            |kind: &str| KeyBounds { kind: kind.to_owned(), since: Some("5".to_owned()), until: None, next: None };
        assert_eq!(bounds("bigint").condition("x", 24).unwrap(), "(x >= CAST('5' AS bigint) OR x IS NULL)");
        assert!(bounds("date").condition("x", 25).unwrap().contains("- 2 OR x IS NULL OR x = '-infinity'"));
        assert_eq!(KeyBounds { since: None, ..bounds("date") }.condition("x", 0), None);
    }
}
