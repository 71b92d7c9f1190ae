//! Who may go where.

mod matrix;
pub mod work;
mod world;
