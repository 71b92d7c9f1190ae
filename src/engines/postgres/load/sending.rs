//! Sending records while the next ones are made ready: one batch is on its way at a time.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt as _;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Error;

use super::staged::{NoRecord, Staging};
use super::statements;
use super::types::ColumnType;
use super::{Load, slow};
use crate::engines::postgres::session::{Session, StepPurpose};
use crate::engines::{Failure, FailureReason, Record};

/// A batch of records is taken within this time.
const WRITE: Duration = Duration::from_secs(300);
/// A batch has about as many bytes, and all tables together have no more than so many waiting here.
const BATCH: usize = 4 << 20;
const MOST_WAITING: usize = 16 << 20;
/// PostgreSQL has room for 1,600 columns in a table.
pub(super) const MOST_COLUMNS: usize = 1_500;
/// A field has no more types than there are.
const MOST_ROUNDS: usize = 32;

/// A batch on its way; given up when it is dropped.
pub(super) struct BatchOnItsWay(JoinHandle<Result<(), Error>>);

impl Drop for BatchOnItsWay {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl BatchOnItsWay {
    /// Whether it has not arrived yet.
    pub(super) fn is_under_way(&self) -> bool {
        !self.0.is_finished()
    }

    fn start(session: Arc<Session>, is_one: bool, statement: String, batch: Vec<u8>) -> Self {
        Self(tokio::spawn(async move {
            if !is_one {
                session.begin(StepPurpose::Write).await?;
            }
            let sink = session.copy(&statement).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(Cursor::new(batch)).await?;
            sink.finish().await?;
            if is_one { Ok(()) } else { session.run("COMMIT").await }
        }))
    }
}

impl Load {
    /// Takes records of one stream.
    pub(super) async fn take(&mut self, place: usize, records: &[Record]) -> Result<(), Failure> {
        for _ in 0..MOST_ROUNDS {
            let Some(staging) = self.staging(place) else { return Ok(()) };
            let taken = staging.take(records.iter().map(|record| record.data.as_slice()));
            let wanted = taken.map_err(|NoRecord| unreadable())?;
            if wanted.is_empty() {
                let (full, all) =
                    (staging.waiting() >= BATCH, self.stagings.iter().flatten().map(Staging::waiting).sum::<usize>());
                if full {
                    self.flush(place).await?;
                } else if all > MOST_WAITING {
                    self.flush_all().await?;
                }
                return Ok(());
            }
            self.make_columns(place, wanted).await?;
        }
        Err(unreadable())
    }

    /// Adds columns to the table where records wait.
    async fn make_columns(&mut self, place: usize, wanted: Vec<(usize, ColumnType)>) -> Result<(), Failure> {
        self.flush(place).await?;
        self.settle().await?;
        let Some(staging) = self.staging(place) else { return Ok(()) };
        let first = staging.count;
        let columns: Vec<(usize, String)> =
            wanted.iter().enumerate().map(|(at, (_, kind))| (first + at, kind.sql())).collect();
        if first + columns.len() > MOST_COLUMNS {
            let stream = self.tables.get(place).map(|table| table.stream.clone()).unwrap_or_default();
            let words = format!("{stream} has more than {MOST_COLUMNS} fields. Choose fields.");
            return Err(Failure::new(FailureReason::NotSupported, words));
        }
        staging.adopt(wanted);
        self.begin().await?;
        self.run(&statements::waiting_columns(place, &columns)).await?;
        self.end_step().await
    }

    /// Sends what waits of one table, once the batch before has arrived.
    async fn flush(&mut self, place: usize) -> Result<(), Failure> {
        let Some(staging) = self.staging(place) else { return Ok(()) };
        let columns: Vec<usize> =
            staging.fields.iter().flat_map(|field| &field.columns).map(|column| column.number).collect();
        let statement = statements::copy(place, staging.is_hashed, columns.into_iter());
        let Some(batch) = staging.send() else { return Ok(()) };
        self.settle().await?;
        self.sending = Some(BatchOnItsWay::start(Arc::clone(&self.session), self.is_one, statement, batch));
        Ok(())
    }

    /// Sends all that waits.
    pub(super) async fn flush_all(&mut self) -> Result<(), Failure> {
        for place in 0..self.tables.len() {
            if self.stagings.get(place).is_some_and(Option::is_some) {
                self.flush(place).await?;
            }
        }
        self.settle().await
    }

    /// Waits until the batch that is on its way has arrived.
    pub(super) async fn settle(&mut self) -> Result<(), Failure> {
        let Some(sending) = self.sending.as_mut() else { return Ok(()) };
        let sent = timeout(WRITE, &mut sending.0).await;
        self.sending = None;
        match sent {
            Err(_) => Err(slow("The database took no records for five minutes.")),
            Ok(Err(_)) => Err(slow("The records could not be sent to the database.")),
            Ok(Ok(sent)) => sent.map_err(|error| self.refusal(&error)),
        }
    }
}

fn unreadable() -> Failure {
    Failure::new(FailureReason::Unreadable, "The source gave something that is no record.")
}
