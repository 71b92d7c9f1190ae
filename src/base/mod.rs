//! What knows nothing of the product: time, randomness, names of rows, errors, forms, sealing, the way out over HTTP.

pub mod clock;
pub mod crypto;
pub mod error;
pub mod forms;
pub mod http_client;
pub mod ids;
pub mod rng;
pub mod search;
pub mod steps;
pub mod text_column;
