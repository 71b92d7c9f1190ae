//! Two kinds of work on a connection: validations check its credentials, runs extract its records.

pub mod connector_config;
pub mod log_view;
pub mod runs;
pub mod take_over;
pub mod validations;
