//! Any connector spec in, a form out, a submission back, values that fit. Pure: no database, no network.

pub mod addresses;
pub mod form;
pub mod pasted;
pub mod spec;
