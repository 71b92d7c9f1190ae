//! The API as programs use it. Every answer is held against the OpenAPI document.

mod access;
mod auth;
mod docs;
mod document;
mod invite_links;
mod lists;
mod once;
mod problems;
pub mod program;
mod sources;
mod statements;
mod tokens;

pub use access::address;
pub use document::Document;
pub use program::{Answer, Program, workspace_id};
