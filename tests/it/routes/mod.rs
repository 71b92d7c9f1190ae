//! Who may go where.

mod matrix;
mod plans;
pub mod work;
mod world;
