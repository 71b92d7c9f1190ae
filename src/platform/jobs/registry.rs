//! Which kinds of jobs there are. Features add theirs; whoever works at the queue knows none by name.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use super::ended::JobEnd;
use super::mail::{self, MailJob};
use super::store::JobRow;
use super::{BackgroundJob, JobSubject};
use crate::base::error::AppResult;
use crate::platform::app::App;
use crate::platform::db::Conn;

type Performing = Pin<Box<dyn Future<Output = AppResult<JobEnd>> + Send>>;

/// One kind of job.
#[derive(Clone, Copy)]
pub(super) struct JobKind {
    pub(super) recurs: bool,
    start: fn(JobRow, Arc<App>) -> Option<Performing>,
    subject: fn(&JobRow, &mut Conn) -> AppResult<Option<JobSubject>>,
}

impl JobKind {
    /// The work of a job that was written down so; `None` when its payload cannot be read.
    pub(super) fn start(self, row: JobRow, app: Arc<App>) -> Option<Performing> {
        (self.start)(row, app)
    }

    /// Who is told that it was given up.
    pub(super) fn subject(self, row: &JobRow, conn: &mut Conn) -> AppResult<Option<JobSubject>> {
        (self.subject)(row, conn)
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
    pub fn with<J: BackgroundJob>(self) -> Self {
        self.and::<J>(JobKind {
            recurs: J::RECURS,
            start: |row, app| {
                let job = J::read(&row.kind, &row.payload)?;
                Some(Box::pin(async move { job.perform(app).await.map(JobEnd::from) }))
            },
            subject: |row, conn| match J::read(&row.kind, &row.payload) {
                Some(job) => job.subject(conn),
                None => Ok(None),
            },
        })
    }

    /// Adds a kind of mail.
    #[must_use]
    pub fn with_mail<M: MailJob>(self) -> Self {
        self.and::<M>(JobKind {
            recurs: false,
            start: |row, app| {
                let job = Arc::new(M::read(&row.kind, &row.payload)?);
                Some(Box::pin(async move { mail::send(app, row, job).await }))
            },
            // A mail says so itself: it knows its receiver.
            subject: |_, _| Ok(None),
        })
    }

    fn and<J: super::Job>(mut self, entry: JobKind) -> Self {
        self.kinds.extend(J::KINDS.iter().map(|kind| (*kind, entry)));
        self
    }

    pub(super) fn find(&self, kind: &str) -> Option<JobKind> {
        self.kinds.get(kind).copied()
    }
}
