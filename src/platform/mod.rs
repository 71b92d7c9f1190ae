//! What every feature stands on: the app, its settings, database, mail, activity log, queue and the edge to the web.

pub mod activity;
pub mod app;
pub mod config;
pub mod db;
pub mod email;
pub mod former_member;
pub mod jobs;
pub mod lease_watch;
pub mod link_state;
pub mod metrics;
pub mod noted_lately;
pub mod private;
pub mod sealed;
pub mod sequence;
pub mod tx;
pub mod web;
