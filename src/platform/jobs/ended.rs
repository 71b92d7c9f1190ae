use super::{JobSubject, Outcome};
use crate::base::error::AppResult;
use crate::platform::tx::Tx;

type Noting = Box<dyn FnOnce(&mut Tx<'_>) -> AppResult<()> + Send>;

/// What a try came to, with what is written down about it.
pub(super) struct JobEnd {
    /// `None`: another worker has the job, and what it comes to counts.
    pub(super) outcome: Option<Outcome>,
    /// Noted in the transaction that ends the job.
    pub(super) noting: Option<Noting>,
    pub(super) subject: Option<JobSubject>,
    /// Whom a mail was for, as lists show it; possibly empty.
    pub(super) shown_receiver: String,
}

impl From<Outcome> for JobEnd {
    fn from(outcome: Outcome) -> Self {
        Self { outcome: Some(outcome), noting: None, subject: None, shown_receiver: String::new() }
    }
}

impl JobEnd {
    pub(super) fn noting(noting: impl FnOnce(&mut Tx<'_>) -> AppResult<()> + Send + 'static) -> Self {
        Self { noting: Some(Box::new(noting)), ..Outcome::Done.into() }
    }

    pub(super) fn lost() -> Self {
        Self { outcome: None, ..Outcome::Done.into() }
    }

    pub(super) fn retry(reason: String, subject: JobSubject, shown_receiver: String) -> Self {
        Self { subject: Some(subject), shown_receiver, ..Outcome::Retry { reason }.into() }
    }

    pub(super) fn given_up(reason: String, subject: JobSubject, shown_receiver: String) -> Self {
        Self { subject: Some(subject), shown_receiver, ..Outcome::GiveUp { reason }.into() }
    }
}
