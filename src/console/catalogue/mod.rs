//! The connectors of this installation, for members and for programs.

pub mod api;
mod connector_view;
pub mod install_pages;
pub mod pages;
mod subject;

pub use subject::installable_beside;
