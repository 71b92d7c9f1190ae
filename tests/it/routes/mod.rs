//! Who may go where.

mod figures;
mod matrix;
pub mod work;
mod world;
