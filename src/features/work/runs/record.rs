//! How a run ends: its records are there for everybody, then one transaction saves the state, the row and the timeline.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::input::RunInput;
use super::intake::RunIntake;
use super::sink::{RunOutput, SinkFault};
use super::store::{self, RunDetails, RunResult, StreamCount, StreamCounts};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::engines::{Failure, FailureReason, ReadEnd};
use crate::features::streams::StreamChoice;
use crate::features::work::connector_config::AskError;
use crate::features::work::ending::{end, finish};
use crate::features::work::store::Ending;
use crate::features::work::supervisor::{Supervisor, Waited};

/// What came of a stream; what is known of its file once that is whole is added then.
#[derive(Serialize)]
struct ManifestStream<'a> {
    #[serde(flatten)]
    count: &'a StreamCount,
    #[serde(flatten)]
    choice: &'a StreamChoice,
}

#[derive(Serialize)]
struct Manifest<'a> {
    run: &'a str,
    source: &'a str,
    connector: &'a str,
    started_at: String,
    ended_at: String,
    streams: Vec<ManifestStream<'a>>,
    /// Where the next incremental run starts from.
    state: Option<&'a Value>,
}

/// Ends a run whose records have no place to go.
pub(super) async fn broken(
    mut supervisor: Supervisor<RunDetails>,
    output: &RunOutput,
    fault: SinkFault,
) -> AppResult<()> {
    let SinkFault(failure) = fault;
    supervisor.say_failure(&failure);
    drop_all(supervisor, output, Ending::of_failure(failure)).await
}

/// Ends a run that somebody wanted to stop.
pub(super) async fn stopped(mut supervisor: Supervisor<RunDetails>, output: &RunOutput) -> AppResult<()> {
    supervisor.say("warn", output.stop_words());
    drop_all(supervisor, output, Ending::cancelled("Stopped as asked.")).await
}

/// Ends a run, and nothing it has written stays.
async fn drop_all(
    mut supervisor: Supervisor<RunDetails>,
    output: &RunOutput,
    ending: Ending<RunDetails>,
) -> AppResult<()> {
    supervisor.keep().await?;
    output.forget(&supervisor.app.config.storage.data_dir);
    end(&supervisor.app, &supervisor.work, ending).await.map(|_| ())
}

/// A run whose source has answered.
pub(super) struct Reading<'a> {
    pub(super) supervisor: Supervisor<RunDetails>,
    pub(super) intake: RunIntake,
    pub(super) input: &'a RunInput,
}

impl Reading<'_> {
    /// Records how reading ended.
    pub(super) async fn settle(mut self, outcome: Result<ReadEnd, AskError>) -> AppResult<()> {
        if let Some(fault) = self.intake.broken.take() {
            return self.broken(fault).await;
        }
        match outcome {
            Ok(end) => {
                for index in &end.incomplete {
                    if let Some(count) = self.supervisor.progress.0.get_mut(*index) {
                        count.incomplete = true;
                        let name = count.stream.clone();
                        self.supervisor.say("warn", &format!("{name} could not be read to the end"));
                    }
                }
                if let Some(sentence) = half_a_table(self.input, &end.incomplete) {
                    return self.fail(Failure::new(FailureReason::NotReadWhole, sentence)).await;
                }
                self.succeed(end.incomplete).await
            }
            Err(AskError::App(error)) => Err(error),
            Err(AskError::Failure(failure)) if failure.is_stop() => self.stopped().await,
            Err(AskError::Failure(failure)) => self.fail(failure).await,
        }
    }

    async fn broken(self, fault: SinkFault) -> AppResult<()> {
        drop(self.intake);
        broken(self.supervisor, &self.input.output, fault).await
    }

    async fn stopped(self) -> AppResult<()> {
        drop(self.intake);
        stopped(self.supervisor, &self.input.output).await
    }

    async fn fail(mut self, failure: Failure) -> AppResult<()> {
        drop(self.intake);
        self.supervisor.say_failure(&failure);
        drop_all(self.supervisor, &self.input.output, Ending::of_failure(failure)).await
    }

    /// The run is ours no more: whoever ended it has written its end.
    fn lost(self) -> AppResult<()> {
        self.input.output.forget(&self.supervisor.app.config.storage.data_dir);
        Ok(())
    }

    async fn succeed(mut self, incomplete: Vec<usize>) -> AppResult<()> {
        let manifest = serde_json::to_value(self.manifest()).map_err(AppError::internal)?;
        // Without a place for records somebody has stopped the run while it was written to.
        let Some(sink) = self.intake.sink.take() else { return self.stopped().await };
        let mut ready = match self.supervisor.beside(sink.prepare(manifest, incomplete)).await? {
            Waited::Done(Ok(ready)) => ready,
            Waited::Done(Err(fault)) => return self.broken(fault).await,
            Waited::Stopped => return self.stopped().await,
            Waited::Lost => return self.lost(),
        };
        ready.notes().iter().for_each(|note| self.supervisor.say("info", note));
        if !self.supervisor.keep().await? {
            return self.lost();
        }
        if let Err(fault) = ready.commit().await {
            return self.broken(fault).await;
        }
        let words = in_words(&self.supervisor.progress);
        self.supervisor.say("info", &format!("Done: {words}"));
        self.supervisor.keep().await?;
        self.write_down(words).await
    }

    /// Calls it a success, or one in part, with everything that follows from it.
    async fn write_down(self, message: String) -> AppResult<()> {
        let run = self.supervisor.work.clone();
        let left = self.input.position.left(run.id.as_str(), self.intake.state.as_ref());
        let result = RunResult { place: self.input.output.place().to_owned() };
        let is_partial = self.supervisor.progress.0.iter().any(|count| count.incomplete);
        let ending = if is_partial { Ending::partial(message, result) } else { Ending::success(message, result) };
        let app = Arc::clone(&self.supervisor.app);
        let is_ours = app
            .write(move |tx| {
                let is_ours = finish(tx, &run, &ending)?;
                if let Some((state, fingerprints)) = left.filter(|_| is_ours) {
                    store::save_sync_state(tx.conn, &run, &state, &fingerprints, tx.now)?;
                }
                Ok(is_ours)
            })
            .await?;
        if is_ours { Ok(()) } else { self.lost() }
    }

    fn manifest(&self) -> Manifest<'_> {
        let run = &self.supervisor.work;
        let streams = self
            .supervisor
            .progress
            .0
            .iter()
            .zip(&self.input.choices)
            .map(|(count, choice)| ManifestStream { count, choice });
        Manifest {
            run: run.id.as_str(),
            source: &self.input.connection.slug,
            connector: &self.input.connection.connector_slug,
            started_at: run.started_at.map(UtcTime::iso).unwrap_or_default(),
            ended_at: self.supervisor.app.clock.now().iso(),
            streams: streams.collect(),
            state: self.intake.state.as_ref(),
        }
    }
}

/// Why the run cannot count: records that began anew and broke off would take the place of a table that is whole.
fn half_a_table(input: &RunInput, incomplete: &[usize]) -> Option<String> {
    let at_stake = |index: &&usize| input.begins_anew(**index);
    let choice = incomplete.iter().find(at_stake).and_then(|index| input.choices.get(*index))?;
    Some(format!(
        "{} was read from the beginning, but not to its end, so nothing was written: its table {} stays as it was. Try again; the \
         log says what the connector met.",
        choice.full_name(),
        choice.table_name
    ))
}

/// "1204 records of 2 streams"; streams that were not read to their end are named.
fn in_words(counts: &StreamCounts) -> String {
    let words = format!("{} of {}", super::records(counts.records()), super::streams(counts.0.len()));
    let incomplete: Vec<&str> =
        counts.0.iter().filter(|count| count.incomplete).map(|count| count.stream.as_str()).collect();
    match incomplete.as_slice() {
        [] => words,
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{words}. Not read to the end: {first}, {second}, {third} and {} more", rest.len())
        }
        names => format!("{words}. Not read to the end: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_were_not_read_whole_are_named() {
        let count = |stream: &str, incomplete| StreamCount {
            stream: stream.to_owned(),
            table: String::new(),
            records: 2,
            bytes: 9,
            incomplete,
        };
        let counts = |all: &[(&str, bool)]| StreamCounts(all.iter().map(|(name, part)| count(name, *part)).collect());
        assert_eq!(in_words(&counts(&[("a", false), ("b", false)])), "4 records of 2 streams");
        assert_eq!(in_words(&counts(&[("a", false), ("b", true)])), "4 records of 2 streams. Not read to the end: b");
        let many: Vec<(&str, bool)> = ["a", "b", "c", "d", "e"].map(|name| (name, true)).to_vec();
        assert_eq!(in_words(&counts(&many)), "10 records of 5 streams. Not read to the end: a, b, c and 2 more");
    }
}
