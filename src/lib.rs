//! Vestibule: an outsider steps in, hands a data connection over, and never goes further.

pub mod clock;
pub mod crypto;
pub mod db;
pub mod error;
pub mod ids;
pub mod rng;
