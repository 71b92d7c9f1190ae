//! What can go wrong, without a word about HTTP: `web/page.rs` says it to people, `web/problem.rs` to programs.

use std::time::Duration;

use diesel::result::DatabaseErrorKind;

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
    /// The database is away, does not answer, or has no room to write; the text goes to the log, and the caller may come back.
    #[error("away: {0:#}")]
    Away(anyhow::Error),
    /// Something on our side; the text goes to the log with the request id, never to a page.
    #[error("internal: {0:#}")]
    Internal(#[from] anyhow::Error),
}

/// When a caller of something that is busy or away may come back.
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
            Self::Away(error) => Self::Away(error.context(doing)),
            other => other,
        }
    }
}

impl From<diesel::result::Error> for AppError {
    /// A database error is internal, or passes: look-ups return `Option`, so "not found" never comes this way.
    fn from(error: diesel::result::Error) -> Self {
        let trouble = Trouble::of(&error);
        let error = anyhow::Error::new(error).context("database");
        match trouble {
            Some(trouble) => trouble.error(error),
            None => Self::Internal(error),
        }
    }
}

/// Why a database refused what may work later, unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody else holds what is asked for.
    Busy,
    /// It is away, or has no room, or cannot be written to.
    Away,
}

/// What SQLite (<https://www.sqlite.org/rescode.html>), PostgreSQL and libpq say when they cannot; neither has a kind of its own for it that
/// diesel passes on.
const SAYINGS: &[(Trouble, &[&str])] = &[
    (Trouble::Busy, &["database is locked", "database table is locked", "due to lock timeout"]),
    (
        Trouble::Away,
        &[
            "database or disk is full",
            "disk I/O error",
            "unable to open database file",
            "attempt to write a readonly database",
            "No space left on device",
            "could not extend file",
            "cannot execute INSERT in a read-only transaction",
            "cannot execute UPDATE in a read-only transaction",
            "cannot execute DELETE in a read-only transaction",
            "server closed the connection unexpectedly",
            "terminating connection",
            "no connection to the server",
            "connection not open",
            "could not receive data from server",
            "could not send data to server",
            "SSL SYSCALL error",
            "SSL connection has been closed unexpectedly",
            "the database system is",
            "too many clients already",
            "remaining connection slots are reserved",
        ],
    ),
];

impl Trouble {
    /// What kind of refusal an error is; `None`: the same would be refused again.
    pub fn of(error: &diesel::result::Error) -> Option<Self> {
        let diesel::result::Error::DatabaseError(kind, told) = error else { return None };
        if matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand) {
            return Some(Self::Away);
        }
        let told = told.message();
        let known = SAYINGS.iter().find(|(_, words)| words.iter().any(|words| told.contains(words)));
        known.map(|(trouble, _)| *trouble)
    }

    /// The error with which that is said.
    pub fn error(self, error: anyhow::Error) -> AppError {
        match self {
            Self::Busy => AppError::Busy(error),
            Self::Away => AppError::Away(error),
        }
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(anyhow::Error::new(error).context("template"))
    }
}

/// Shorthand for what may fail with an [`AppError`].
pub type AppResult<T> = Result<T, AppError>;
