//! The connectors of this installation: what it can do with each, and which settings of each nobody here takes up.

mod capability;
mod unsupported;

pub use capability::Capability;
pub use unsupported::UnsupportedField;
