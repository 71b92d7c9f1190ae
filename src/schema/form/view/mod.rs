//! The form as HTML: the fields, and what the error summary on top of the page says. The page around it adds the
//! `<form>`, its hidden token and its buttons.
//!
//! One builder serves the first look and every look after a refused submission, for members and for outsiders. It
//! cannot show a secret or a concealed value, because it asks [`super::KnownValues`] for neither.

mod build;
mod field;
mod form_view;
mod parts;
mod rows;

pub use form_view::{Counts, FormView, view};
pub use parts::SummaryItem;
