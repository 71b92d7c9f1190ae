//! Who may go where.

mod matrix;
pub mod table;
mod world;
