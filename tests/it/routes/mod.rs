//! Who may go where.

mod matrix;
pub mod table;
mod work;
mod world;
