//! What can go wrong, without a word about HTTP: `web/page.rs` says it to people, `web/problem.rs` to programs.

use std::time::Duration;

/// The one error meaning of the whole product; two renderings exist.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or it belongs to somebody else: both look the same from outside.
    #[error("not found")]
    NotFound,
    /// The form came from another page, or was open for too long.
    #[error("the form's origin could not be proven")]
    ForeignForm,
    /// The member is signed in but the role does not allow this; carries who can.
    #[error("the role does not allow this")]
    Forbidden,
    /// Nobody is signed in; carries the page that was wanted.
    #[error("nobody is signed in")]
    SignedOut {
        /// Path to come back to after signing in.
        wanted: String,
    },
    /// Somebody is signed in, but the workspace is not open to them (any more); carries the page that was wanted.
    #[error("the workspace is not open to this person")]
    NoWorkspace {
        /// Path to come back to after choosing a workspace.
        wanted: String,
    },
    /// The state of things does not allow this (any more); the sentence is for people.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The request cannot be read at all (not a form, broken encoding).
    #[error("unreadable request: {0}")]
    Unreadable(&'static str),
    /// A field of a form holds a control character; carries the field's name.
    #[error("the field {0} holds a control character")]
    ControlCharacter(String),
    /// The body is larger than we take.
    #[error("the body is too large")]
    TooLarge,
    /// Too many tries; the caller may come back later.
    #[error("too many requests")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// More is asked for than the database can answer right now; the text goes to the log, and the caller may come back.
    #[error("busy: {0:#}")]
    Busy(anyhow::Error),
    /// Something on our side; the text goes to the log with the request id, never to a page.
    #[error("internal: {0:#}")]
    Internal(#[from] anyhow::Error),
}

/// When a caller of something busy may come back.
pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(5);

impl AppError {
    /// An internal error from any error type.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// Says what was being done when an internal error came; other errors stay as they are.
    #[must_use]
    pub fn context(self, doing: &'static str) -> Self {
        match self {
            Self::Internal(error) => Self::Internal(error.context(doing)),
            Self::Busy(error) => Self::Busy(error.context(doing)),
            other => other,
        }
    }
}

impl From<diesel::result::Error> for AppError {
    /// A database error is internal, or passes: look-ups return `Option`, so "not found" never comes this way.
    fn from(error: diesel::result::Error) -> Self {
        let passes = is_busy(&error);
        let error = anyhow::Error::new(error).context("database");
        if passes { Self::Busy(error) } else { Self::Internal(error) }
    }
}

/// Whether a database refused only because somebody else holds what is asked for: the same may work a moment later. Neither database
/// has a kind of its own for it.
pub fn is_busy(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(_, told) = error else { return false };
    let told = told.message();
    ["database is locked", "database table is locked", "due to lock timeout"].iter().any(|words| told.contains(words))
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(anyhow::Error::new(error).context("template"))
    }
}

/// Shorthand for what may fail with an [`AppError`].
pub type AppResult<T> = Result<T, AppError>;
