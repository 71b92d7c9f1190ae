//! The connectors of this installation: what it can do with each, which settings of each nobody here takes up, the folders they come
//! from, and how more are installed.

mod capability;
pub mod installing;
mod unsupported;
mod watch;

pub use capability::Capability;
pub use unsupported::UnsupportedField;
pub use watch::{look, watch_until};
