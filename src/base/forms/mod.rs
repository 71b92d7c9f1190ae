//! Forms: how a field is named, what a person typed, and what was wrong with it.
//!
//! Why: pages, API and mails all talk about fields of a connector's configuration. They name them one way (a
//! [`FieldPath`]), complain one way (a [`FieldError`]) and put back on a page only what may be seen there (a
//! [`FormState`]).
//!
//! Invariants: no type here prints a value that was typed; a [`FormState`] never holds a secret; a sentence never
//! quotes what was typed, and of what others answered only what its reader may see ([`Meanwhile`]).

mod control;
mod error;
pub(crate) mod number;
mod paste_fault;
mod path;
mod problem;
mod raw;
mod state;

pub use control::{control_in, has_control, without_control};
pub use error::{Bounds, FieldError, Meanwhile, ValueProblem};
pub use paste_fault::PasteFault;
pub use path::FieldPath;
pub use problem::FieldProblem;
pub use raw::{RawForm, RawFormError};
pub use state::FormState;

/// The longest text, in bytes, that one field takes: a bundle of all public certificate authorities has a quarter of it.
pub const MAX_FIELD_BYTES: usize = 1024 * 1024;

/// Names one field: to people by its title, to programs by its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldRef {
    /// Where the field lies in the configuration.
    pub path: FieldPath,
    /// How the form calls it; other fields of the same name are told apart, as in "SSH tunnel: Password".
    pub title: String,
    /// Its value is never shown.
    pub secret: bool,
}
