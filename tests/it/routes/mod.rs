//! Who may go where.

mod figures;
mod matrix;
pub mod plans;
pub mod work;
mod world;
