//! What every engine can be asked.

use std::pin::Pin;

use serde_json::Value;

use super::run::EngineRun;
use super::{Ability, Catalog, ChosenStream, Failure, HostKey, LoadPlace, ReadEnd, known};
use crate::connectors::Connector;
use crate::schema::form::FinalConfig;

/// What comes of a question.
pub(super) type EngineAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// One way to ask and read connectors. Everything that happens goes to the sink of the run, and its deadline holds.
///
/// Without methods of its own an engine can do nothing; the streams are what the connector's file knows.
pub(super) trait Engine: Sync {
    /// What it can do.
    fn ability(&self, _: &Connector) -> Ability {
        Ability::default()
    }

    /// The member of kept positions that is its own; `None`: it keeps none.
    fn position_member(&self) -> Option<&'static str> {
        None
    }

    /// Checks a configuration against the real system. That it ends well means that the system answered.
    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(async { Err(known::cannot_be_asked(run.connector)) })
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

    /// Where a finished configuration of a destination leads: the host key that its jump server had the last time, and the connection's id.
    fn target(
        &self,
        connector: &Connector,
        _: &FinalConfig,
        _: Option<&HostKey>,
        _: &str,
    ) -> Result<LoadPlace, Failure> {
        Err(known::cannot_be_written(connector))
    }
}

/// The engine of connectors that have none here.
pub(super) struct NoEngine;

impl Engine for NoEngine {}
