//! The connectors of this installation, for programs.

pub mod api;
