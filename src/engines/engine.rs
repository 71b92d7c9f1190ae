//! What every engine can be asked.

use std::pin::Pin;

use serde_json::Value;

use super::run::EngineRun;
use super::{Ability, Catalog, CheckOutcome, ChosenStream, Failure, Level, ReadEnd, known};

/// What comes of a question.
pub(super) type EngineAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// One way to ask and read connectors. Everything that happens goes to the sink of the run, and its deadline holds.
///
/// Without methods of its own an engine can do nothing: it knows what the connector's file knows.
pub(super) trait Engine: Sync {
    /// What it can do.
    fn ability(&self) -> Ability {
        Ability { checks: false, reads: false }
    }

    /// The member of kept positions that is its own; `None`: it keeps none.
    fn position_member(&self) -> Option<&'static str> {
        None
    }

    /// Checks a configuration against the real system.
    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, CheckOutcome> {
        Box::pin(async {
            let text = "There is no way to ask the real system about this connector here, so the details were only checked against its specification.";
            run.sink.log(Level::Warn, text).await?;
            Ok(CheckOutcome::SpecOnly)
        })
    }

    /// Asks for the streams.
    fn discover<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, Catalog> {
        Box::pin(async { Ok(known::catalog(run.connector, run.config)) })
    }

    /// Reads the chosen streams; `state` is what the last reading left, `None` on the first time.
    fn read<'a>(
        &'a self,
        run: &'a EngineRun<'_>,
        _: &'a [ChosenStream],
        _: Option<&'a Value>,
    ) -> EngineAnswer<'a, ReadEnd> {
        Box::pin(async { Err(known::cannot_be_read(run.connector)) })
    }
}

/// The engine of connectors that have none here.
pub(super) struct NoEngine;

impl Engine for NoEngine {}
