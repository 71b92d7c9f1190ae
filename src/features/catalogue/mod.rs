//! The connectors of this installation: what it can do with each, and the operator's folder they come from.

mod capability;
mod watch;

pub use capability::Capability;
pub use watch::{look, watch_until};
