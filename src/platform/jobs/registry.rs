//! Which kinds of jobs there are. Features add theirs; whoever works at the queue knows none by name.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use super::{Job, Outcome};
use crate::base::error::AppResult;
use crate::platform::app::App;

type Performing = Pin<Box<dyn Future<Output = AppResult<Outcome>> + Send>>;

/// One kind of job.
#[derive(Clone, Copy)]
pub(super) struct JobKind {
    pub(super) recurs: bool,
    read_and_perform: fn(&str, &str, Arc<App>) -> Option<Performing>,
}

impl JobKind {
    /// The work of a job that was written down so; `None` when its payload cannot be read.
    pub(super) fn start(self, kind: &str, payload: &str, app: Arc<App>) -> Option<Performing> {
        (self.read_and_perform)(kind, payload, app)
    }
}

/// All kinds of jobs, by their names in the database.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: HashMap<&'static str, JobKind>,
}

impl Registry {
    /// Adds a kind of job.
    #[must_use]
    pub fn with<J: Job>(mut self) -> Self {
        let entry = JobKind {
            recurs: J::RECURS,
            read_and_perform: |kind, payload, app| {
                J::read(kind, payload).map(|job| Box::pin(job.perform(app)) as Performing)
            },
        };
        self.kinds.extend(J::KINDS.iter().map(|kind| (*kind, entry)));
        self
    }

    pub(super) fn find(&self, kind: &str) -> Option<JobKind> {
        self.kinds.get(kind).copied()
    }
}
