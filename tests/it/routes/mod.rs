//! Who may go where.

mod figures;
mod matrix;
mod plans;
pub mod work;
mod world;
