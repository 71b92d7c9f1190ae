//! The public API of an Airbyte that somebody else runs: sources, destinations and connections are made, changed and deleted there, jobs are
//! started, watched and cancelled.
//!
//! Why: extractions of a workspace may run on its own Airbyte. What is asked and answered here are the paths and members of Airbyte's
//! published description of that API (version 1), and no others.
//!
//! Invariants: every request goes through the guarded client; the token and what a caller names as secret leave in no word of a fault; an
//! answer is taken whole and judged, never believed; what an answer calls an id has the letters of one before it becomes part of a path.

mod account;
mod call;
mod fault;
mod jobs;
mod things;

pub use account::{AirbyteAccount, AirbyteLogin, is_airbyte_id};
pub use call::AirbyteApi;
pub use fault::AirbyteFault;
pub use jobs::{AirbyteJob, AirbyteJobState};
pub use things::AirbyteKind;
