//! Where records go while a run reads: into the open output, counted, with the state that covers them.

use serde_json::Value;

use super::sink::{Sink, SinkFault};
use super::store::RunDetails;
use crate::base::error::AppResult;
use crate::engines::Record;
use crate::features::work::supervisor::{RecordIntake, Supervisor, Waited};

/// So many beats (a minute) an output may hear nothing.
const MOST_SILENT: u32 = 120;

pub(super) struct RunIntake {
    /// `None` once it took no more: it is broken, or somebody stopped the run while it was written to.
    pub(super) sink: Option<Sink>,
    /// Where the next incremental run starts from.
    pub(super) state: Option<Value>,
    /// Why the output took no more records.
    pub(super) broken: Option<SinkFault>,
    /// Beats since the output was last used.
    silent: u32,
}

impl RunIntake {
    pub(super) fn new(sink: Sink) -> Self {
        Self { sink: Some(sink), state: None, broken: None, silent: 0 }
    }

    fn break_off(&mut self, supervisor: &Supervisor<RunDetails>, fault: SinkFault) {
        self.sink = None;
        self.broken = Some(fault);
        supervisor.stop();
    }
}

impl RecordIntake<RunDetails> for RunIntake {
    async fn records(&mut self, supervisor: &mut Supervisor<RunDetails>, records: Vec<Record>) -> AppResult<bool> {
        let Some(sink) = self.sink.take() else { return Ok(true) };
        self.silent = 0;
        for record in &records {
            if let Some(count) = supervisor.progress.0.get_mut(record.stream) {
                count.records += 1;
                count.bytes += i64::try_from(record.data.len()).unwrap_or(0);
            }
        }
        match supervisor.beside(sink.write(records)).await? {
            Waited::Done(Ok(sink)) => self.sink = Some(sink),
            Waited::Done(Err(fault)) => self.break_off(supervisor, fault),
            Waited::Stopped => {}
            Waited::Lost => return Ok(false),
        }
        Ok(true)
    }

    fn state(&mut self, state: Value) {
        self.state = Some(state);
    }

    /// Sees from time to time that an output that gets nothing is still there.
    async fn beat(&mut self, supervisor: &mut Supervisor<RunDetails>) {
        self.silent += 1;
        let Some(sink) = self.sink.as_ref().filter(|_| self.silent >= MOST_SILENT) else { return };
        self.silent = 0;
        if let Err(fault) = sink.nudge().await {
            self.break_off(supervisor, fault);
        }
    }
}
