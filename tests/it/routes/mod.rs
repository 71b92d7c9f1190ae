//! Who may go where.

mod matrix;
pub mod table;
pub mod work;
mod world;
