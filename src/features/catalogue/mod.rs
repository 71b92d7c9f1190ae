//! The connectors of this installation: what it can do with each, which settings of each nobody here takes up, and the operator's folder they
//! come from.

mod capability;
mod unsupported;
mod watch;

pub use capability::Capability;
pub use unsupported::UnsupportedField;
pub use watch::{look, watch_until};
