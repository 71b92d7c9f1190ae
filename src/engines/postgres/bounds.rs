//! How far a mark may come: a value that is finite, does not lie in the future, and below which nothing can appear any more.
//!
//! What can appear below it: a transaction takes its value (a number of a sequence, the time it began) when it writes and shows it when it
//! ends, so a higher value may be seen first. So whoever writes to the table when a reading begins is waited for a moment, and the mark comes
//! only as far as the highest value that was there before that was asked. Rows beyond it are read now and again next time. A time that was
//! taken before the first write of a transaction that writes later cannot be known of.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::quote::{literal, quoted};
use super::refusals;
use super::session::Session;
use super::state::Mark;
use crate::engines::run::EventSink;
use crate::engines::{Failure, Level};

/// So long those are waited for who write to the table when it is to be read.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Where a reading of a table begins, and how far its mark may come.
#[derive(Debug, Default)]
pub(super) struct ReadStart {
    /// Where the last reading came to; `None`: at the beginning.
    pub(super) mark: Option<Mark>,
    /// The highest value a mark may have; `None`: the mark stays where it is.
    pub(super) limit: Option<String>,
}

/// The questions about one table's key.
pub(super) struct MarkBounds<'a> {
    pub(super) session: &'a Session,
    /// As it stands in statements.
    pub(super) table: &'a str,
    pub(super) key: &'a str,
}

impl MarkBounds<'_> {
    /// Looks before the table is read, in transactions of its own.
    pub(super) async fn start(&self, mark: Option<Mark>, name: &str, sink: &EventSink) -> Result<ReadStart, Failure> {
        let kind = self.session.step(self.kind()).await?;
        let known = mark.is_some();
        let mark = match mark {
            Some(mark) if self.is_possible(&mark.value, &kind).await => Some(mark),
            _ => None,
        };
        if known && mark.is_none() {
            let words = format!(
                "The position of {name} is no value that it can have reached, so it is read from the beginning."
            );
            sink.log(Level::Warn, &words).await?;
        }
        let (highest, is_sure) =
            self.session.step(async { Ok((self.highest(&kind).await?, self.writers_end().await?)) }).await?;
        if is_sure {
            return Ok(ReadStart { mark, limit: highest });
        }
        let words = format!(
            "Somebody was writing to {name} the whole time, so what is read of it now is read again next time."
        );
        sink.log(Level::Info, &words).await?;
        Ok(ReadStart { mark, limit: None })
    }

    async fn text(&self, sql: &str) -> Result<Option<String>, Failure> {
        let row = self.session.row(sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        Ok(row.get(0))
    }

    fn regclass(&self) -> String {
        format!("{}::regclass", literal(self.table))
    }

    /// The type of the key.
    async fn kind(&self) -> Result<String, Failure> {
        let sql = format!(
            "SELECT max(format_type(atttypid, NULL)) FROM pg_attribute WHERE attrelid = {} AND attname = {}",
            self.regclass(),
            literal(self.key)
        );
        Ok(self.text(&sql).await?.unwrap_or_else(|| "text".to_owned()))
    }

    /// Whether a value is one that a mark may have; one that is of another type by now is none.
    async fn is_possible(&self, value: &str, kind: &str) -> bool {
        let sql = format!("SELECT {}", possible(&format!("CAST({} AS {kind})", literal(value)), kind));
        let asked = async {
            let row = self.session.row(&sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
            Ok(row.get(0))
        };
        self.session.step(asked).await.unwrap_or(false)
    }

    /// The highest value that a mark may have now.
    async fn highest(&self, kind: &str) -> Result<Option<String>, Failure> {
        let column = quoted(self.key);
        let fits = possible(&column, kind);
        self.text(&format!("SELECT (max({column}) FILTER (WHERE {fits}))::text FROM {}", self.table)).await
    }

    /// Waits for those who write to the table now; `false` when they do not end.
    async fn writers_end(&self) -> Result<bool, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let mut awaited = self.writers().await?;
        while !awaited.is_empty() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
            let now = self.writers().await?;
            awaited.retain(|writer| now.contains(writer));
        }
        Ok(true)
    }

    /// The transactions that hold a lock for writing on the table or its parts.
    async fn writers(&self) -> Result<BTreeSet<String>, Failure> {
        let table = self.regclass();
        let sql = format!(
            "SELECT DISTINCT virtualtransaction FROM pg_locks
            WHERE locktype = 'relation' AND granted AND pid IS DISTINCT FROM pg_backend_pid()
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND (relation = {table} OR relation IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = {table}))
                AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
        );
        let rows = self.session.rows(&sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
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
    use super::possible;

    #[test]
    fn a_mark_is_finite_and_not_in_the_future() {
        assert_eq!(possible("x", "date"), "(isfinite(x) AND x <= current_date)");
        assert!(possible("x", "timestamp with time zone").contains("x <= now()"));
        assert_eq!(possible("x", "bigint"), "(x IS NOT NULL)");
        assert!(possible("x", "numeric").contains("'nan', 'infinity', '-infinity'"));
    }
}
