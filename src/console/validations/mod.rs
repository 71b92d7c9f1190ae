//! Asking for a validation with values to save first.

pub mod api;
