//! The connectors of this installation: what it can do with each.

mod capability;

pub use capability::Capability;
