//! PostgreSQL, built in: the same protocol every client speaks, nothing to install.
//!
//! Sources are checked, discovered and read; `load` is the other way, records into a schema.
//!
//! Invariants: the connection goes to an address that was judged a moment before; the session of a source can only read; values become
//! JSON on the server, so a number keeps all its digits; memory is bounded by a batch, not by a table.

mod connect;
mod discover;
mod load;
mod options;
mod quote;
mod read;
mod refusals;
mod state;
mod tls;

pub(super) use discover::discover;
pub use load::{Load, LoadTable, Loading, Target, TlsMode};
pub(super) use load::{check as check_target, open as open_load};
pub(super) use read::read;

use super::hosts::Hosts;
use super::work::Teller;
use super::{Failure, Level};
use crate::schema::form::FinalConfig;
use options::Options;

/// Connects, and sees whether there is anything to read.
pub(super) async fn check(hosts: &Hosts, config: &FinalConfig, teller: &Teller) -> Result<(), Failure> {
    let options = Options::read(config.expose())?;
    for note in &options.notes {
        teller.log(Level::Warn, note).await?;
    }
    let session = connect::connect(hosts, &options, teller).await?;
    let readable = discover::readable(&session, &options).await?;
    teller.log(Level::Info, &format!("Tables and views that can be read: {readable}.")).await
}
